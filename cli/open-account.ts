import { newApiKey } from '../api/keys.ts';
import type { Database } from '../db/database.ts';
import { insertApiKey, insertMerchant } from '../db/queries/merchants.ts';
import { insertProviderAccount } from '../db/queries/provider-accounts.ts';
import type { AccountTerms } from '../db/queries/provider-accounts.ts';
import type { Sealer } from '../db/sealed.ts';
import type { AccountId, MerchantId } from '../domain/ids.ts';
import type { ProviderName } from '../providers/provider.ts';
import { nameNotifyUrl, openSandbox } from '../providers/sandboxes.ts';
import { shards } from '../orchestration/required-workflows.ts';

/** Creates a merchant. Its shard never changes. */
export async function createMerchant(
  db: Database,
  { name }: { name: string },
): Promise<{ merchantId: MerchantId }> {
  const shard = shards[Math.floor(Math.random() * shards.length)] ?? 0;
  const { id } = await insertMerchant(db, { name, shard });
  return { merchantId: id };
}

/** Creates an API key. Only the result holds the key; the database stores a hash. */
export async function createKey(
  db: Database,
  { merchantId, expiresAt }: { merchantId: MerchantId; expiresAt: Date | null },
): Promise<{ keyId: string; key: string }> {
  const { key, keyHash, hint } = newApiKey();
  const { id: keyId } = await insertApiKey(db, { merchantId, keyHash, hint, expiresAt });
  return { keyId, key };
}

export type SandboxAccount = {
  accountId: AccountId;
  provider: ProviderName;
  /** The account's id at the simulator, for its console. */
  account: string;
};

/** Opens an account at a provider's simulator, as in the provider's portal, and adds it to the merchant. */
export async function createSandboxAccount(
  deps: { db: Database; sealer: Sealer },
  input: {
    merchantId: MerchantId;
    provider: ProviderName;
    simulatorUrl: string;
    /** The public URL of this Tender. */
    publicUrl: string;
    terms?: AccountTerms;
  },
): Promise<SandboxAccount> {
  const { merchantId, provider, simulatorUrl, publicUrl, terms } = input;
  const { account, settings, credentials } = await openSandbox[provider]({ simulatorUrl });
  const { id: accountId } = await insertProviderAccount(deps, {
    merchantId,
    provider,
    settings: { ...settings },
    credentials: { ...credentials },
    ...(terms && { terms }),
  });
  const notifyUrl = `${publicUrl}/providers/${accountId}/notifications`;
  await nameNotifyUrl({ provider, simulatorUrl, account, notifyUrl });
  return { accountId, provider, account };
}
