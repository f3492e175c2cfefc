import { and, eq, notInArray } from 'drizzle-orm';
import { parseSecretKeys } from '../../config/secret-keys.ts';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/database.ts';
import { endpoints } from '../../db/schema/endpoints.ts';
import { providerAccounts } from '../../db/schema/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import type { Sealer } from '../../db/sealed.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { nameNotifyUrl } from '../../providers/sandboxes.ts';
import type { Local } from '../local/bring-up.ts';
import { readState, writeState } from '../local/state.ts';
import { createKey, createMerchant, createSandboxAccount } from '../operator/open-account.ts';
import type { SandboxAccount } from '../operator/open-account.ts';
import { providerNames } from '../services/simulators.ts';
import { callApi } from './call-api.ts';

export type DemoMerchant = {
  merchantId: MerchantId;
  key: string;
  accounts: Record<ProviderName, SandboxAccount>;
  endpointId: string;
};

/** An account as it is kept from one start to the next. */
type KeptAccount = SandboxAccount & { simulatorUrl: string };
type KeptEndpoint = { id: EndpointId; url: string; secret: string };
type Deps = { db: Database; sealer: Sealer; local: Local };

/** The demo's merchant with an account at each provider, and its endpoint: made at the first start, found again at the next. */
export async function setUpDemo(local: Local): Promise<DemoMerchant> {
  const { db, close } = openDatabase({
    url: local.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  try {
    // The platform started with the same keys, so they are well-formed.
    const deps = { db, local, sealer: createSealer(parseSecretKeys(local.secretKeys) ?? []) };
    const merchant = await findOrCreateMerchant(deps);
    const accounts = {} as Record<ProviderName, SandboxAccount>;
    for (const provider of providerNames) {
      accounts[provider] = await findOrCreateAccount(deps, merchant.merchantId, provider);
    }
    await retireOthers(db, merchant.merchantId, Object.values(accounts));
    const endpoint = await findOrCreateEndpoint(deps, merchant.key);
    return { ...merchant, accounts, endpointId: endpoint.id };
  } finally {
    await close();
  }
}

async function findOrCreateMerchant({ db }: Deps) {
  const kept = readState<{ merchantId: MerchantId; key: string }>('demo/merchant.json');
  if (kept) return { merchantId: kept.merchantId, key: kept.key };
  const { merchantId } = await createMerchant(db, { name: 'Demo merchant' });
  const { key } = await createKey(db, { merchantId, expiresAt: null });
  writeState('demo/merchant.json', { merchantId, key });
  return { merchantId, key };
}

async function findOrCreateAccount(
  { db, sealer, local }: Deps,
  merchantId: MerchantId,
  provider: ProviderName,
): Promise<SandboxAccount> {
  const file = `demo/${provider}-account.json`;
  const simulatorUrl = local.simulatorUrls[provider];
  const publicUrl = local.apiUrl;
  const kept = readState<KeptAccount>(file);
  if (!kept) {
    const created = await createSandboxAccount(
      { db, sealer },
      { merchantId, provider, simulatorUrl, publicUrl },
    );
    writeState(file, { ...created, simulatorUrl });
    return created;
  }
  // A busy port may have moved the simulator, or the API, since the last start.
  const [row] = await db
    .select()
    .from(providerAccounts)
    .where(eq(providerAccounts.id, kept.accountId));
  const settings = Object.fromEntries(
    Object.entries(row?.settings ?? {}).map(([name, value]) => [
      name,
      value.replace(kept.simulatorUrl, simulatorUrl),
    ]),
  );
  await db
    .update(providerAccounts)
    .set({ settings })
    .where(eq(providerAccounts.id, kept.accountId));
  const notifyUrl = `${publicUrl}/providers/${kept.accountId}/notifications`;
  await nameNotifyUrl({ provider, simulatorUrl, account: kept.account, notifyUrl });
  writeState(file, { ...kept, simulatorUrl });
  return kept;
}

/** Accounts of an earlier version, whose simulator is no longer there. */
async function retireOthers(
  db: Database,
  merchantId: MerchantId,
  accounts: SandboxAccount[],
): Promise<void> {
  const ids = accounts.map(({ accountId }) => accountId);
  await db
    .update(providerAccounts)
    .set({ enabled: false })
    .where(and(eq(providerAccounts.merchantId, merchantId), notInArray(providerAccounts.id, ids)));
}

async function findOrCreateEndpoint({ db, local }: Deps, key: string): Promise<KeptEndpoint> {
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
