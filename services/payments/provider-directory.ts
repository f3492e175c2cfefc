import type { AccountId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import type { Sealer } from '../../db/sealed.ts';
import type { Provider } from '../../providers/provider.ts';
import { createProvider } from '../../providers/create-provider.ts';

/** Providers by account, made once and kept a while: parsing keys costs more than a call. */
export type ProviderDirectory = {
  /** Undefined when there is no such account. */
  find(accountId: AccountId): Promise<Provider | undefined>;
  /** The same, for ids from our own rows. */
  get(accountId: AccountId): Promise<Provider>;
};

// How long a change of an account's keys takes to reach every process.
const keptMs = 30_000;

export function createProviderDirectory(deps: { db: Database; sealer: Sealer }): ProviderDirectory {
  const kept = new Map<AccountId, { provider: Promise<Provider | undefined>; untilMs: number }>();

  async function load(accountId: AccountId): Promise<Provider | undefined> {
    const account = await findProviderAccount(deps, { accountId });
    return account && createProvider(account);
  }

  async function find(accountId: AccountId): Promise<Provider | undefined> {
    const known = kept.get(accountId);
    if (known && known.untilMs > Date.now()) return known.provider;
    const provider = load(accountId);
    kept.set(accountId, { provider, untilMs: Date.now() + keptMs });
    // Neither a failure nor an unknown id may be remembered: strangers choose the ids.
    const found = await provider.catch((error: unknown) => {
      kept.delete(accountId);
      throw error;
    });
    if (!found) kept.delete(accountId);
    return found;
  }

  return {
    find,
    async get(accountId) {
      const provider = await find(accountId);
      if (!provider) throw new Error(`provider account ${accountId} does not exist`);
      return provider;
    },
  };
}
