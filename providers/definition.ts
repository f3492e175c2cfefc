import type { Payer, Provider, ProviderName } from './provider.ts';

/** What a provider's folder tells the rest of the house about itself; one `definition.ts` each. */
export type ProviderDefinition = {
  name: ProviderName;
  /** What people call it, e.g. on the checkout page. */
  title: string;
  /** Ways to pay by their public names, such as `alipay.qr`; the one to prefer stands first. */
  methods: Readonly<Record<string, MethodTraits>>;
  /** What an account of this provider must say: names of public settings and of sealed credentials. */
  account: {
    settings: readonly string[];
    credentials: readonly string[];
    /** Settings that it may say. */
    optional?: readonly string[];
  };
  /** The time zone of its days (an IANA name), and when on the next day a statement is surely made. */
  statements: { timeZone: string; readyAt: { hour: number; minute: number } };
  /** Builds an account's client. Every name in `account` is there; more may be. Throws on values that cannot be read. */
  create(account: AccountWords): Provider;
};

export type AccountWords = {
  settings: Readonly<Record<string, string>>;
  credentials: Readonly<Record<string, string>>;
};

export type MethodTraits = {
  /** ISO 4217 codes, or `any` of those we know. */
  currencies: readonly string[] | 'any';
  /** True where money can be held first and captured later. */
  canAuthorize: boolean;
  /** What must be known of the payer. */
  needs: readonly (keyof Payer)[];
  /** How long what the payer is given can be used; left out where it lives as long as the order. */
  handleSeconds?: number;
};
