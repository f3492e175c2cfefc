import { eq } from 'drizzle-orm';
import { parseSecretKeys } from '../../config/secret-keys.ts';
import { openDatabase } from '../../db/database.ts';
import { endpoints } from '../../db/schema/endpoints.ts';
import { providerAccounts } from '../../db/schema/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import type { AccountId, EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Local } from '../local/bring-up.ts';
import { readState, writeState } from '../local/state.ts';
import {
  createKey,
  createMerchant,
  createSimulatedAlipayAccount,
} from '../operator/open-account.ts';
import { callApi } from './call-api.ts';

export type DemoMerchant = {
  merchantId: MerchantId;
  key: string;
  appId: string;
  endpointId: string;
};
type Kept = DemoMerchant & { accountId: AccountId };
type KeptEndpoint = { id: EndpointId; url: string; secret: string };

/** The demo's merchant with its account and endpoint: made at the first start, found again at the next. */
export async function setUpDemo(local: Local): Promise<DemoMerchant> {
  const { db, close } = openDatabase({
    url: local.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  try {
    // The platform started with the same keys, so they are well-formed.
    const sealer = createSealer(parseSecretKeys(local.secretKeys) ?? []);
    const kept = readState<Omit<Kept, 'endpointId'>>('demo/merchant.json') ?? (await create());
    const gateway = `${local.simulatorUrl}/gateway.do`;
    await followSimulator(gateway, kept.accountId);
    const endpoint = await findOrCreateEndpoint(kept.key);
    return { ...kept, endpointId: endpoint.id };

    async function create() {
      const { merchantId } = await createMerchant(db, { name: 'Demo merchant' });
      const { key } = await createKey(db, { merchantId, expiresAt: null });
      const account = await createSimulatedAlipayAccount(
        { db, sealer },
        { merchantId, simulatorUrl: local.simulatorUrl },
      );
      const created = { merchantId, key, ...account };
      writeState('demo/merchant.json', created);
      return created;
    }
  } finally {
    await close();
  }

  /** A busy port may have moved the simulator since the last start. */
  async function followSimulator(gateway: string, accountId: AccountId): Promise<void> {
    const [row] = await db
      .select()
      .from(providerAccounts)
      .where(eq(providerAccounts.id, accountId));
    if (!row || row.settings['gateway'] === gateway) return;
    const settings = { ...row.settings, gateway };
    await db.update(providerAccounts).set({ settings }).where(eq(providerAccounts.id, accountId));
  }

  async function findOrCreateEndpoint(key: string): Promise<KeptEndpoint> {
    const url = `${local.merchantUrl}/events`;
    const kept = readState<KeptEndpoint>('demo/endpoint.json');
    if (kept?.url === url) return kept;
    // The demo merchant has moved to another port: what still waits for the old address follows it.
    if (kept) {
      await db.update(endpoints).set({ url }).where(eq(endpoints.id, kept.id));
      writeState('demo/endpoint.json', { ...kept, url });
      return { ...kept, url };
    }
    const { body } = await callApi<{ id: EndpointId; secret: string }>({
      url: `${local.apiUrl}/v1/endpoints`,
      key,
      body: { url, eventTypes: ['*'], description: 'The demo merchant' },
    });
    const created = { id: body.id, url, secret: body.secret };
    writeState('demo/endpoint.json', created);
    return created;
  }
}
