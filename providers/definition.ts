import type { Payer, Provider, ProviderName } from './provider.ts';

/** A provider's properties as data, so that reading them loads no SDK. One `definition.ts` per provider folder. */
export type ProviderDefinition = {
  name: ProviderName;
  /** The display name, as on the checkout page. */
  title: string;
  /** Payment methods by public name, such as `alipay.qr`; the preferred one first. */
  methods: Readonly<Record<string, MethodTraits>>;
  /** Required account fields: names of public settings and of sealed credentials. */
  account: {
    settings: readonly string[];
    credentials: readonly string[];
    /** Optional settings. */
    optional?: readonly string[];
  };
  /**
   * The time zone of the provider's days (an IANA name), and when on the next day a statement is certainly published.
   */
  statements: { timeZone: string; readyAt: { hour: number; minute: number } };
};

/**
 * Builds an account's client, implemented by `open-account.ts` in each provider folder. All required fields are
 * present, and possibly more. Throws on unreadable values.
 */
export type OpenAccount = (account: AccountFields) => Provider;

export type AccountFields = {
  settings: Readonly<Record<string, string>>;
  credentials: Readonly<Record<string, string>>;
};

export type MethodTraits = {
  /** ISO 4217 codes, or `any` for all currencies that we support. */
  currencies: readonly string[] | 'any';
  /** True if the method can authorise first and capture later. */
  canAuthorize: boolean;
  /** The required fields of the payer. */
  needs: readonly (keyof Payer)[];
  /** How long the payer can use the code or address; absent if it lives as long as the order. */
  handleSeconds?: number;
};
