import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
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

  await scene.db.transaction(async (tx) => {
    const due = await dueDeliveries(tx, { endpointId: id, isOrdered: false, limit: 5 });
    expect(due.map(({ position }) => position)).toEqual([20_001, 20_002, 20_003, 20_004, 20_005]);
    const { rows } = await tx.execute<{ read: number }>(sql`
      select idx_tup_fetch::int as read from pg_stat_xact_user_tables
      where relname in ('deliveries', 'events')`);
    expect(Math.max(...rows.map(({ read }) => read))).toBeLessThan(10);
  });
});
