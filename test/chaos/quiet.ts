import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { query, readBooks } from './evidence.ts';
import type { Evidence } from './evidence.ts';

export const lifeWorkflows = `WorkflowType in ('payOrder', 'refundPayment', 'settleLate')`;

/** What is still under way, in words; empty when all is quiet. */
export async function unrest(evidence: Evidence): Promise<string[]> {
  const [row] = await query<Record<string, number>>(
    evidence.databaseUrl,
    `select
      (select count(*)::int from orders where status in ('pending', 'authorized', 'review')
        or confirmation = 'awaited') as "open orders",
      (select count(*)::int from refunds where status = 'pending') as "pending refunds",
      (select count(*)::int from provider_notifications where applied_at is null) as "unapplied notifications",
      (select count(*)::int from events where position is null) as "unnumbered events",
      (select coalesce(sum(last_position - position), 0)::int from dispatch_shards
        join dispatch_cursors using (shard)) as "events without their deliveries",
      (select count(*)::int from deliveries where status = 'pending') as "pending deliveries",
      (select count(*)::int from reconciliations where status in ('running', 'waiting')) as "reconciliations"`,
  );
  const open = await countWorkflows(
    evidence,
    `${lifeWorkflows} and ExecutionStatus = 'Running'`,
  ).catch(() => 1);
  const { trades } = await readBooks(evidence.merchant);
  const unsaid = [...trades.values()].flatMap(({ notifications }) =>
    notifications.filter(({ end }) => end === null),
  );
  const lying = await query<{ id: string }>(
    evidence.databaseUrl,
    `select id || ' ' || status || ' ' || coalesce(confirmation, '') as id from orders
      where status in ('pending', 'authorized', 'review') or confirmation = 'awaited' limit 3`,
  );
  const counts = { ...row, 'open workflows': open, 'unsaid notifications': unsaid.length };
  return [
    ...Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : [])),
    ...lying.map(({ id }) => `order ${id.trim()}`),
  ];
}

// The longest wait that something normal takes: a late step of a provider's ladder.
const stuckAfterMs = 150_000;

/** Looks until all is quiet or the time is over; says what is still under way whenever that changes. */
export async function quiet(
  evidence: Evidence,
  { timeoutMs, say }: { timeoutMs: number; say: (text: string) => void },
): Promise<string[]> {
  const endsMs = Date.now() + timeoutMs;
  let before = '';
  let changedMs = Date.now();
  for (;;) {
    const left = await unrest(evidence);
    const isStuck = left.join() === before && Date.now() - changedMs > stuckAfterMs;
    if (left.length === 0 || isStuck || Date.now() > endsMs) return left;
    if (left.join() !== before) {
      say(`waiting for ${left.join(', ')}`);
      changedMs = Date.now();
    }
    before = left.join();
    await sleep(1_000);
  }
}

export async function withTemporal<T>(
  { temporalAddress }: Evidence,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

export function countWorkflows(evidence: Evidence, filter: string): Promise<number> {
  return withTemporal(evidence, async (client) => (await client.workflow.count(filter)).count);
}
