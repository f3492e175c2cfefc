import { LRUCache } from 'lru-cache';
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
const cachedForMs = 30_000;
const maxCached = 10_000;

export function createProviderDirectory(deps: { db: Database; sealer: Sealer }): ProviderDirectory {
  // Neither failures nor unknown ids are cached: outsiders choose the ids.
  const cache = new LRUCache<AccountId, Provider>({
    max: maxCached,
    ttl: cachedForMs,
    async fetchMethod(accountId) {
      const account = await findProviderAccount(deps, { accountId });
      return account && createProvider(account);
    },
  });
  const find = (accountId: AccountId) => cache.fetch(accountId);
  return {
    find,
    async get(accountId) {
      const provider = await find(accountId);
      if (!provider) throw new Error(`provider account ${accountId} does not exist`);
      return provider;
    },
  };
}
