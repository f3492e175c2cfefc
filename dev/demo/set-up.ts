import { and, eq, isNotNull, notInArray, sql } from 'drizzle-orm';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/database.ts';
import { endpoints } from '../../db/schema/endpoints.ts';
import { payments } from '../../db/schema/orders.ts';
import { providerAccounts } from '../../db/schema/provider-accounts.ts';
import type { Sealer } from '../../db/sealed.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { nameNotifyUrl } from '../../providers/sandboxes.ts';
import type { Addresses } from '../local/bring-up.ts';
import { readState, writeState } from '../../config/local-state.ts';
import { createKey, createMerchant, createSandboxAccount } from '../../cli/open-account.ts';
import type { SandboxAccount } from '../../cli/open-account.ts';
import { openSealer } from '../../cli/open-sealer.ts';
import { providerNames } from '../services/simulators.ts';
import { callApi } from './call-api.ts';

export type DemoMerchant = {
  merchantId: MerchantId;
  key: string;
  accounts: Record<ProviderName, SandboxAccount>;
};

/** An account in the state folder. */
type StoredAccount = SandboxAccount & { simulatorUrl: string };
type StoredEndpoint = { id: EndpointId; url: string; secret: string };
type Deps = { db: Database; sealer: Sealer; addresses: Addresses };

const endpointFile = 'demo/endpoint.json';

/**
 * Prepares the demo merchant with an account at each provider: created at the first start, later read from the state
 * folder. If a service's port changed since the last start, the stored old address is replaced.
 */
export async function prepareDemo(addresses: Addresses): Promise<DemoMerchant> {
  const { db, close } = openDatabase({
    url: addresses.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  try {
    const deps = { db, addresses, sealer: await openSealer(db, addresses) };
    const merchant = await findOrCreateMerchant(deps);
    const accounts = {} as Record<ProviderName, SandboxAccount>;
    for (const provider of providerNames) {
      accounts[provider] = await findOrCreateAccount(deps, merchant.merchantId, provider);
    }
    await retireOthers(db, merchant.merchantId, Object.values(accounts));
    await moveEndpoint(deps);
    writeState('demo/addresses.json', { apiUrl: addresses.apiUrl });
    return { ...merchant, accounts };
  } finally {
    await close();
  }
}

/** Creates the demo merchant's endpoint over the API at the first start. */
export async function openDemoEndpoint(
  { apiUrl, merchantUrl }: Addresses,
  { key }: DemoMerchant,
): Promise<void> {
  if (readState<StoredEndpoint>(endpointFile)) return;
  const url = `${merchantUrl}/events`;
  const { body } = await callApi<{ id: EndpointId; secret: string }>({
    url: `${apiUrl}/v1/endpoints`,
    key,
    body: { url, eventTypes: ['*'], description: 'The demo merchant' },
  });
  writeState(endpointFile, { id: body.id, url, secret: body.secret });
}

async function findOrCreateMerchant({ db }: Deps) {
  const stored = readState<{ merchantId: MerchantId; key: string }>('demo/merchant.json');
  if (stored) return { merchantId: stored.merchantId, key: stored.key };
  const { merchantId } = await createMerchant(db, { name: 'Demo merchant' });
  const { key } = await createKey(db, { merchantId, expiresAt: null });
  writeState('demo/merchant.json', { merchantId, key });
  return { merchantId, key };
}

async function findOrCreateAccount(
  deps: Deps,
  merchantId: MerchantId,
  provider: ProviderName,
): Promise<SandboxAccount> {
  const file = `demo/${provider}-account.json`;
  const { apiUrl: publicUrl, simulatorUrls } = deps.addresses;
  const simulatorUrl = simulatorUrls[provider];
  const stored = readState<StoredAccount>(file);
  if (stored) await moveSandboxes(deps, { provider, simulatorUrlBefore: stored.simulatorUrl });
  const account =
    stored ?? (await createSandboxAccount(deps, { merchantId, provider, simulatorUrl, publicUrl }));
  writeState(file, { ...account, simulatorUrl });
  return account;
}

/** Moves every account at a simulator, those of `account create` included: its API address and its notify URL. */
async function moveSandboxes(
  { db, addresses }: Deps,
  { provider, simulatorUrlBefore }: { provider: ProviderName; simulatorUrlBefore: string },
): Promise<void> {
  const simulatorUrl = addresses.simulatorUrls[provider];
  const isAtSimulator = (value: string) =>
    URL.canParse(value) && [simulatorUrlBefore, simulatorUrl].includes(new URL(value).origin);
  const accounts = await db
    .select({ id: providerAccounts.id, settings: providerAccounts.settings })
    .from(providerAccounts)
    .where(eq(providerAccounts.provider, provider));
  for (const { id, settings } of accounts) {
    if (!Object.values(settings).some(isAtSimulator)) continue;
    const moved = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [
        name,
        isAtSimulator(value) ? value.replace(simulatorUrlBefore, simulatorUrl) : value,
      ]),
    );
    await db.update(providerAccounts).set({ settings: moved }).where(eq(providerAccounts.id, id));
    // Payment pages and codes have the old address. Expiring them makes the next read of the order renew them.
    await db
      .update(payments)
      .set({ handleExpiresAt: sql`now()` })
      .where(
        and(
          eq(payments.accountId, id),
          eq(payments.status, 'pending'),
          isNotNull(payments.handleExpiresAt),
        ),
      );
    const notifyUrl = `${addresses.apiUrl}/providers/${id}/notifications`;
    const account = settings['accountId'] ?? '';
    await nameNotifyUrl({ provider, simulatorUrl, account, notifyUrl });
  }
}

/** Disables accounts of an earlier version, whose simulators no longer exist. */
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

/** Moves the demo endpoint to the merchant's new address, so that pending deliveries reach it. */
async function moveEndpoint({ db, addresses }: Deps): Promise<void> {
  const stored = readState<StoredEndpoint>(endpointFile);
  const url = `${addresses.merchantUrl}/events`;
  if (!stored || stored.url === url) return;
  await db.update(endpoints).set({ url }).where(eq(endpoints.id, stored.id));
  writeState(endpointFile, { ...stored, url });
}
