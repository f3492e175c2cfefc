import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dueDeliveries } from '../../db/queries/due-deliveries.ts';
import { deliveries, events } from '../../db/schema/index.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import { openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';

// What waits for an endpoint that was away for long is taken batch by batch. A batch must not cost what all of it does.

let scene: RelayScene;
beforeEach(async () => {
  scene = await openRelayScene();
});
afterEach(() => scene.close());

/** Deliveries of the events at positions `from` to `to`, spread over endpoints, as they are written by the thousand. */
async function fill(input: {
  merchantId: MerchantId;
  endpoints: readonly EndpointId[];
  from: number;
  to: number;
  isDelivered: boolean;
}) {
  const { merchantId, from, to, isDelivered } = input;
  await scene.db.execute(sql`
    with added as (
      insert into ${events} (id, merchant_id, shard, type, resource_id, body, position)
      select 'evt_' || lpad(n::text, 8, '0'), ${merchantId}, 0, 'order.created', 'ord_' || n,
        repeat('x', 800), n
      from generate_series(${from}::int, ${to}::int) as n
      returning id, position)
    insert into ${deliveries} (event_id, endpoint_id, shard, status, driver, epoch, position, next_attempt_at)
    select id, (${sql.param([...input.endpoints])}::text[])[1 + position % ${input.endpoints.length}::int], 0,
      ${isDelivered ? 'delivered' : 'pending'}, ${isDelivered ? 'relay' : 'workflow'}, 1, position,
      ${isDelivered ? sql`null` : sql`now()`}
    from added`);
}

test('reads what it returns and no more, whatever the planner was told before the outage', async () => {
  const { id, merchantId } = await scene.newEndpoint();
  const others: EndpointId[] = [];
  for (let n = 1; n < 20; n++) others.push((await scene.newEndpoint({ merchantId })).id);
  // As autovacuum sees it when the outage begins: of all there ever was, little waits.
  await fill({ merchantId, endpoints: [id, ...others], from: 1, to: 20_000, isDelivered: true });
  await fill({ merchantId, endpoints: [id], from: 20_001, to: 21_000, isDelivered: false });
  await scene.db.execute(sql`vacuum analyze`);
  await fill({ merchantId, endpoints: [id], from: 21_001, to: 26_000, isDelivered: false });

  const { positions, mostRead } = await readDue(id, { isOrdered: false });
  expect(positions).toEqual([20_001, 20_002, 20_003, 20_004, 20_005]);
  expect(mostRead).toBeLessThan(10);
});

describe('where a resource’s events keep their order', () => {
  test('looks not at all that waits behind one head', async () => {
    const { id, merchantId } = await scene.newEndpoint({ ordering: 'resource' });
    await fill({ merchantId, endpoints: [id], from: 1, to: 6_000, isDelivered: false });
    await scene.db.update(deliveries).set({ orderKey: 'ord_long' });
    const { positions, mostRead } = await readDue(id, { isOrdered: true });
    expect(positions).toEqual([1]);
    expect(mostRead).toBeLessThan(3_000);
  });

  test('finds what is due behind all that waits for one that failed', async () => {
    const { id, merchantId } = await scene.newEndpoint({ ordering: 'resource' });
    await fill({ merchantId, endpoints: [id], from: 1, to: 2_000, isDelivered: false });
    await scene.db.update(deliveries).set({
      orderKey: sql`case when position < 1900 then 'ord_failed' else 'ord_' || position end`,
      nextAttemptAt: sql`case when position = 1 then now() + interval '1 hour' else now() end`,
    });
    const { positions } = await readDue(id, { isOrdered: true });
    expect(positions).toEqual([1_900, 1_901, 1_902, 1_903, 1_904]);
  });
});

/** Five that are due, and how many rows of a table were read to find them. */
function readDue(endpointId: EndpointId, { isOrdered }: { isOrdered: boolean }) {
  return scene.db.transaction(async (tx) => {
    const due = await dueDeliveries(tx, { endpointId, isOrdered, limit: 5 });
    const { rows } = await tx.execute<{ read: number }>(sql`
      select idx_tup_fetch::int as read from pg_stat_xact_user_tables
      where relname in ('deliveries', 'events')`);
    return {
      positions: due.map(({ position }) => position),
      mostRead: Math.max(...rows.map(({ read }) => read)),
    };
  });
}
