import type { AccountId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import type { Sealer } from '../../db/sealed.ts';
import type { Provider } from '../../providers/provider.ts';
import { createProvider } from '../../providers/create-provider.ts';

/** Providers by account, cached because parsing keys costs more than a call. */
export type ProviderDirectory = {
  /** Undefined if the account does not exist. */
  find(accountId: AccountId): Promise<Provider | undefined>;
  /** As `find`, for ids from our own rows. Throws if the account does not exist. */
  get(accountId: AccountId): Promise<Provider>;
};

// The longest time until a change of an account's keys reaches every process.
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
    // Failures and unknown ids are not cached: outsiders choose the ids.
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
