import type { Payer, Provider, ProviderName } from './provider.ts';

/** What the rest of the house has to know of a provider, as data: whoever reads it loads no SDK. One `definition.ts` a folder. */
export type ProviderDefinition = {
  name: ProviderName;
  /** What people call it, e.g. on the checkout page. */
  title: string;
  /** Payment methods by their public names, such as `alipay.qr`; the one to prefer stands first. */
  methods: Readonly<Record<string, MethodTraits>>;
  /** Required account fields: names of public settings and of sealed credentials. */
  account: {
    settings: readonly string[];
    credentials: readonly string[];
    /** Optional settings. */
    optional?: readonly string[];
  };
  /** The time zone of its days (an IANA name), and when on the next day a statement is surely made. */
  statements: { timeZone: string; readyAt: { hour: number; minute: number } };
};

/**
 * Builds an account's client, as `open-account.ts` of each provider's folder does. Every required field is there; more
 * may be. Throws on values that cannot be read.
 */
export type OpenAccount = (account: AccountFields) => Provider;

export type AccountFields = {
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
