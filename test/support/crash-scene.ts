import { asc, eq } from 'drizzle-orm';
import { events, payments } from '../../db/schema/index.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { newOrder } from './orders.ts';
import type { OrderBody } from './orders.ts';
import { tenderProcesses } from './tender-process.ts';
import type { TenderProcesses } from './tender-process.ts';
import { until } from './until.ts';
import { openWorld } from './world.ts';
import type { TestMerchant, World } from './world.ts';

/** A world whose platform is processes that can be killed; the provider stays alive and notifies again soon. */
export type CrashScene = { world: World; tender: TenderProcesses; merchant: TestMerchant };

export async function inCrashScene(
  run: (scene: CrashScene) => Promise<void>,
  options: Pick<NonNullable<Parameters<typeof openWorld>[0]>, 'temporal'> = {},
): Promise<void> {
  const retryGapsMs = Array.from({ length: 60 }, () => 500);
  const world = await openWorld({ hasApi: false, hasWorker: false, retryGapsMs, ...options });
  const tender = await tenderProcesses(world.config);
  try {
    await run({ world, tender, merchant: await world.newMerchant() });
  } finally {
    await tender.close();
    await world.close();
  }
}

/** Says the same POST again until it is answered for good: not by a dead connection, and not by 'in flight'. */
export async function postUntilAnswered(
  { api }: TestMerchant,
  { order, key }: { order: ReturnType<typeof newOrder>; key: string },
) {
  const seen: (number | 'no answer')[] = [];
  const answer = await until(
    'an answer',
    async () => {
      const tried = await api<OrderBody>('POST', '/v1/orders', {
        body: order,
        // A machine that is busy with other tests opens a payment in more than the five seconds by default.
        headers: { 'idempotency-key': key, prefer: 'wait=30' },
      }).catch(() => undefined);
      const status = tried?.status ?? 'no answer';
      if (seen.at(-1) !== status) seen.push(status);
      return tried && tried.status < 300 ? tried : undefined;
    },
    90_000,
  );
  return { ...answer, seen };
}

export const isPayable = ({ api }: TestMerchant, { id }: { id: string }) =>
  until('the order is payable', async () => {
    const answer = await api<OrderBody>('GET', `/v1/orders/${id}`).catch(() => undefined);
    return answer?.body.nextAction ? answer.body : undefined;
  });

export async function eventTypesOf({ db }: World, { id }: { id: string }): Promise<string[]> {
  const rows = await db
    .select({ type: events.type })
    .from(events)
    .where(eq(events.resourceId, id))
    .orderBy(asc(events.id));
  return rows.map(({ type }) => type);
}

export async function paymentOf({ db }: World, { id }: { id: string }) {
  const [payment] = await db
    .select()
    .from(payments)
    .where(eq(payments.orderId, id as OrderId));
  return payment!;
}
