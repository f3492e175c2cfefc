import { generateKeyPairSync } from 'node:crypto';
import { newApiKey } from '../../api/keys.ts';
import type { Database } from '../../db/database.ts';
import { insertApiKey, insertMerchant } from '../../db/queries/merchants.ts';
import { insertProviderAccount } from '../../db/queries/provider-accounts.ts';
import type { Sealer } from '../../db/sealed.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { shards } from '../../worker/run-worker.ts';

/** Creates a merchant, in a shard it keeps for life. */
export async function createMerchant(
  db: Database,
  { name }: { name: string },
): Promise<{ merchantId: MerchantId }> {
  const shard = shards[Math.floor(Math.random() * shards.length)] ?? 0;
  const { id } = await insertMerchant(db, { name, shard });
  return { merchantId: id };
}

/** Creates an API key. The key is in the answer and nowhere else. */
export async function createKey(
  db: Database,
  { merchantId, expiresAt }: { merchantId: MerchantId; expiresAt: Date | null },
): Promise<{ keyId: string; key: string }> {
  const { key, keyHash, hint } = newApiKey();
  const { id: keyId } = await insertApiKey(db, { merchantId, keyHash, hint, expiresAt });
  return { keyId, key };
}

/**
 * Registers a fresh app at an Alipay simulator, as one would at the open platform's console, and
 * creates the merchant's account for it.
 */
export async function createSimulatedAlipayAccount(
  deps: { db: Database; sealer: Sealer },
  { merchantId, simulatorUrl }: { merchantId: MerchantId; simulatorUrl: string },
): Promise<{ accountId: AccountId; appId: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const digits = () => String(Math.floor(Math.random() * 1e12)).padStart(12, '0');
  const appId = `2021${digits()}`;
  const sellerId = `2088${digits()}`;
  const response = await fetch(`${simulatorUrl}/console/apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      appId,
      sellerId,
      appPublicKey: publicKey.export({ type: 'spki', format: 'pem' }),
    }),
  });
  if (!response.ok)
    throw new Error(`the simulator answered ${response.status} to an app's registration`);
  const { alipayPublicKey } = (await response.json()) as { alipayPublicKey: string };
  const { id: accountId } = await insertProviderAccount(deps, {
    merchantId,
    provider: 'alipay',
    settings: { gateway: `${simulatorUrl}/gateway.do`, appId, sellerId, alipayPublicKey },
    credentials: { privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) },
  });
  return { accountId, appId };
}
