import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { Congestion } from '../../domain/congestion.ts';
import { newId } from '../../domain/ids.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, deliveryAttempts, endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';
import type { Transaction } from '../transaction.ts';
import { disableEndpoints } from './disable-endpoints.ts';
import { resetFailures } from './reset-endpoint-failures.ts';
import { lockForOwnerChange } from './lock-for-owner-change.ts';

/** The outcome of one attempt; a failure includes the receiver's answer. */
export type AttemptOutcome = { eventId: EventId; endpointId: EndpointId; attempt: number } &
  /** `statusCode`: null if a broker accepted it. */
  (
    | { kind: 'delivered'; statusCode: number | null }
    /** `retryAfterMs`: the receiver asked for time, for all events. */
    | ({ kind: 'retry'; delayMs: number; retryAfterMs?: number | undefined } & FailedAttempt)
    | ({ kind: 'dead'; reason: 'exhausted' | 'gone' } & FailedAttempt)
    /** Expired before it was sent. */
    | { kind: 'dropped'; reason: 'expired' }
  );

export type FailedAttempt = {
  statusCode: number | null;
  error: string | null;
  responseBody: string | null;
  responseHeaders: Record<string, string> | null;
  durationMs: number;
  startedAt: Date;
};

/** The congestion state of an endpoint that is held back; undefined if calls may be made. */
export type ClosedAs = (endpointId: EndpointId) => Congestion | undefined;

type Of<K extends AttemptOutcome['kind']> = Extract<AttemptOutcome, { kind: K }>;
type Failed = Of<'retry'> | Of<'dead'>;

/**
 * Writes a batch of outcomes in a few statements. A failed attempt moves its endpoint to the workflow, with the later
 * events of the same resource if ordered, and with its congestion state if it is held back (`closedAs`). An endpoint
 * that answered 410, or has failed too long, is disabled. Returns the endpoints whose workflow has work, and the
 * disabled ones.
 */
export async function recordAttempts(
  db: Database,
  {
    outcomes,
    closedAs,
  }: {
    outcomes: readonly AttemptOutcome[];
    closedAs: ClosedAs;
  },
): Promise<{ retrying: EndpointId[]; disabled: EndpointId[] }> {
  const delivered = outcomes.filter((o): o is Of<'delivered'> => o.kind === 'delivered');
  const failed = outcomes.filter((o): o is Failed => o.kind === 'retry' || o.kind === 'dead');
  const dropped = outcomes.filter((o): o is Of<'dropped'> => o.kind === 'dropped');
  await recordDelivered(db, delivered);
  if (failed.length === 0 && dropped.length === 0) return noEndpoints;
  return db.transaction(async (tx) => {
    await recordDropped(tx, dropped);
    if (failed.length === 0) return noEndpoints;
    const retried = failed.filter((o): o is Of<'retry'> => o.kind === 'retry');
    const retrying = [...new Set(retried.map(({ endpointId }) => endpointId))];
    const failing = [...new Set(failed.map(({ endpointId }) => endpointId))];
    await lockForOwnerChange(tx, failing);
    // In as few round trips as possible, because writers of deliveries to the same endpoints wait for the lock.
    await Promise.all([
      markFailing(tx, { failing, retrying, closedAs }),
      recordFailed(tx, failed),
      moveLaterOnes(tx, retried),
    ]);
    const gone = failed.filter((o) => o.kind === 'dead' && o.reason === 'gone');
    const disabled = await disableEndpoints(tx, {
      gone: [...new Set(gone.map(({ endpointId }) => endpointId))],
      failing,
    });
    return { retrying: retrying.filter((id) => !disabled.includes(id)), disabled };
  });
}

const noEndpoints = { retrying: [], disabled: [] };

const deliver = statement(
  'record_delivered',
  () => sql`
  with recovered as (${resetFailures})
  update ${deliveries} set ${bare(deliveries.status)} = 'delivered',
    ${bare(deliveries.attempts)} = done.attempt,
    ${bare(deliveries.lastStatusCode)} = done.status_code,
      ${bare(deliveries.lastError)} = null,
      ${bare(deliveries.nextAttemptAt)} = null,
      ${bare(deliveries.endedAt)} = now()
  from unnest(${sql.placeholder('eventIds')}::text[], ${sql.placeholder('endpointIds')}::text[],
    ${sql.placeholder('attempts')}::int[], ${sql.placeholder('statusCodes')}::int[]
  ) as done(event_id, endpoint_id, attempt, status_code)
  where ${deliveries.eventId} = done.event_id and ${deliveries.endpointId} = done.endpoint_id
    and ${deliveries.status} = 'pending'`,
);

async function recordDelivered(db: Database, delivered: readonly Of<'delivered'>[]): Promise<void> {
  if (delivered.length === 0) return;
  await deliver(db, {
    endpoints: [...new Set(delivered.map(({ endpointId }) => endpointId))],
    eventIds: delivered.map(({ eventId }) => eventId),
    endpointIds: delivered.map(({ endpointId }) => endpointId),
    attempts: delivered.map(({ attempt }) => attempt),
    statusCodes: delivered.map(({ statusCode }) => statusCode),
  });
}

async function recordDropped(tx: Transaction, dropped: readonly Of<'dropped'>[]): Promise<void> {
  if (dropped.length === 0) return;
  await tx.execute(sql`
    update ${deliveries} set ${bare(deliveries.status)} = 'dropped',
      ${bare(deliveries.endReason)} = done.reason,
      ${bare(deliveries.nextAttemptAt)} = null,
      ${bare(deliveries.endedAt)} = now()
    from unnest(
      ${sql.param(dropped.map((o) => o.eventId))}::text[],
      ${sql.param(dropped.map((o) => o.endpointId))}::text[],
      ${sql.param(dropped.map((o) => o.reason))}::text[]
    ) as done(event_id, endpoint_id, reason)
    where ${deliveries.eventId} = done.event_id and ${deliveries.endpointId} = done.endpoint_id
      and ${deliveries.status} = 'pending'`);
}

async function markFailing(
  tx: Transaction,
  input: {
    failing: readonly EndpointId[];
    retrying: readonly EndpointId[];
    closedAs: ClosedAs;
  },
): Promise<void> {
  const closed = input.failing.map((id) => JSON.stringify(input.closedAs(id) ?? null));
  // The later probe time wins: an old call may fail while the workflow already waits.
  await tx.execute(sql`
    update ${endpoints} set
      ${bare(endpoints.failingSince)} = coalesce(${endpoints.failingSince}, now()),
      ${bare(endpoints.deliveryOwner)} = case when ${endpoints.id} = any(${sql.param([...input.retrying])}::text[]) then 'workflow' else ${endpoints.deliveryOwner} end,
      ${bare(endpoints.congestion)} = case
        when (known.closed ->> 'probeAtMs')::float8 > coalesce((${endpoints.congestion} ->> 'probeAtMs')::float8, 0)
        then known.closed else ${endpoints.congestion} end
    from unnest(${sql.param([...input.failing])}::text[], ${sql.param(closed)}::jsonb[]) as known(endpoint_id, closed)
    where ${endpoints.id} = known.endpoint_id`);
}

async function recordFailed(tx: Transaction, failed: readonly Failed[]): Promise<void> {
  await tx.insert(deliveryAttempts).values(
    failed.map((one) => ({
      id: newId('attempt'),
      eventId: one.eventId,
      endpointId: one.endpointId,
      attempt: one.attempt,
      statusCode: one.statusCode,
      error: one.error,
      responseBody: one.responseBody,
      responseHeaders: one.responseHeaders,
      durationMs: one.durationMs,
      startedAt: one.startedAt,
    })),
  );
  const delayMs = failed.map((o) => (o.kind === 'retry' ? o.delayMs : null));
  const reasons = failed.map((o) => (o.kind === 'dead' ? o.reason : null));
  await tx.execute(sql`
    update ${deliveries} set ${bare(deliveries.attempts)} = done.attempt,
      ${bare(deliveries.lastStatusCode)} = done.status_code,
      ${bare(deliveries.lastError)} = done.error, ${bare(deliveries.endReason)} = done.reason,
      ${bare(deliveries.status)} = case when done.reason is null then 'pending' else 'dead' end,
      ${bare(deliveries.deliveryOwner)} = case when done.reason is null then 'workflow' else ${deliveries.deliveryOwner} end,
      ${bare(deliveries.nextAttemptAt)} = now() + make_interval(secs => done.delay_ms / 1000.0),
      ${bare(deliveries.endedAt)} = case when done.reason is null then null else now() end
    from unnest(
      ${sql.param(failed.map((o) => o.eventId))}::text[],
      ${sql.param(failed.map((o) => o.endpointId))}::text[],
      ${sql.param(failed.map((o) => o.attempt))}::int[],
      ${sql.param(failed.map((o) => o.statusCode))}::int[],
      ${sql.param(failed.map((o) => o.error))}::text[],
      ${sql.param(reasons)}::text[],
      ${sql.param(delayMs)}::float8[]
    ) as done(event_id, endpoint_id, attempt, status_code, error, reason, delay_ms)
    where ${deliveries.eventId} = done.event_id and ${deliveries.endpointId} = done.endpoint_id
      and ${deliveries.status} = 'pending'`);
}

/** Moves deliveries that must not overtake a failed one to the same owner. */
async function moveLaterOnes(tx: Transaction, retried: readonly Of<'retry'>[]): Promise<void> {
  if (retried.length === 0) return;
  await tx.execute(sql`
    update ${deliveries} as later set ${bare(deliveries.deliveryOwner)} = 'workflow',
      ${bare(deliveries.status)} = case when later.is_at_most_once then 'dropped' else later.status end,
      ${bare(deliveries.endReason)} = case when later.is_at_most_once then 'at_most_once' end,
      ${bare(deliveries.endedAt)} = case when later.is_at_most_once then now() end
    from ${deliveries} as failed, unnest(
      ${sql.param(retried.map((o) => o.eventId))}::text[],
      ${sql.param(retried.map((o) => o.endpointId))}::text[]
    ) as done(event_id, endpoint_id)
    where failed.event_id = done.event_id and failed.endpoint_id = done.endpoint_id
      and later.endpoint_id = failed.endpoint_id and later.order_key = failed.order_key
      and later.status = 'pending' and later.${bare(deliveries.deliveryOwner)} = 'relay'`);
}
