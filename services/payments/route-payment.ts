import { listAccountsOf } from '../../db/queries/provider-accounts.ts';
import type { Database } from '../../db/database.ts';
import type { OrderPayer } from '../../db/schema/orders.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { rankRoutes } from '../../domain/routing.ts';
import type { OrderWanted, Route } from '../../domain/routing.ts';
import { methods } from '../../providers/registry.ts';
import type { AccountHealth } from './account-health.ts';

export type RoutesWanted = {
  merchantId: MerchantId;
  currency: string;
  amountMinor: number;
  capture: 'automatic' | 'manual';
  payer: OrderPayer;
  /** In the order of preference; undefined for every method that the merchant's accounts offer. */
  methods: readonly string[] | undefined;
  tried?: OrderWanted['tried'];
};

/** All payment routes of an order, best first, each with its verdict. */
export async function findRoutes(
  { db, health }: { db: Database; health: AccountHealth },
  wanted: RoutesWanted,
): Promise<Route[]> {
  const accounts = await listAccountsOf(db, wanted);
  const healthOf = await health.of(accounts.map(({ id }) => id));
  const wantedMethods = wanted.methods ?? Object.keys(methods);
  const candidates = wantedMethods.flatMap((method) => {
    const traits = methods[method];
    return traits ? [{ method, traits }] : [];
  });
  return rankRoutes(
    accounts.map((account) => ({ ...account, health: healthOf.get(account.id) ?? 'healthy' })),
    {
      currency: wanted.currency,
      amountMinor: wanted.amountMinor,
      capture: wanted.capture,
      payerKnown: Object.entries(wanted.payer).flatMap(([name, value]) => (value ? [name] : [])),
      methods: candidates,
      tried: wanted.tried ?? [],
    },
    Math.random,
  );
}
