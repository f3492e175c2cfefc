import { and, eq, inArray, sql } from 'drizzle-orm';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import { newId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, deliveryAttempts, endpoints } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/** What became of one attempt, decided; the record of a failure carries what the receiver said. */
export type AttemptOutcome = { eventId: EventId; endpointId: EndpointId; attempt: number } & (
  | { kind: 'delivered'; statusCode: number }
  | ({ kind: 'retry'; delayMs: number } & FailedAttempt)
  | ({ kind: 'dead'; reason: 'exhausted' | 'gone' } & FailedAttempt)
);

export type FailedAttempt = {
  statusCode: number | null;
  error: string | null;
  responseBody: string | null;
  durationMs: number;
  startedAt: Date;
};

type Of<K extends AttemptOutcome['kind']> = Extract<AttemptOutcome, { kind: K }>;

/**
 * Writes a batch of outcomes in a handful of statements, whatever its size. A failed attempt puts
 * its endpoint into the care of the workflow; an endpoint that answered 410 is disabled and what
 * waited for it ends dead. Returns the endpoints whose workflow has something to do.
 */
export function recordAttempts(
  db: Database,
  outcomes: readonly AttemptOutcome[],
): Promise<{ troubled: EndpointId[] }> {
  const delivered = outcomes.filter((o): o is Of<'delivered'> => o.kind === 'delivered');
  const failed = outcomes.filter((o): o is Of<'retry'> | Of<'dead'> => o.kind !== 'delivered');
  if (failed.length === 0) {
    return recordDelivered(db, delivered).then(() => ({ troubled: [] }));
  }
  return db.transaction(async (tx) => {
    await recordDelivered(tx, delivered);
    await recordFailed(tx, failed);
    const gone = failed.filter((o) => o.kind === 'dead' && o.reason === 'gone');
    await disable(tx, [...new Set(gone.map(({ endpointId }) => endpointId))]);
    const retried = failed.filter((o) => o.kind === 'retry');
    const troubled = [...new Set(retried.map(({ endpointId }) => endpointId))];
    if (troubled.length > 0) {
      await tx.update(endpoints).set({ driver: 'workflow' }).where(inArray(endpoints.id, troubled));
    }
    return { troubled };
  });
}

async function recordDelivered(
  tx: Database | Transaction,
  delivered: readonly Of<'delivered'>[],
): Promise<void> {
  if (delivered.length === 0) return;
  await tx.execute(sql`
    update ${deliveries} set status = 'delivered', attempts = done.attempt,
      last_status_code = done.status_code, last_error = null, next_attempt_at = null, ended_at = now()
    from unnest(
      ${sql.param(delivered.map((o) => o.eventId))}::text[],
      ${sql.param(delivered.map((o) => o.endpointId))}::text[],
      ${sql.param(delivered.map((o) => o.attempt))}::int[],
      ${sql.param(delivered.map((o) => o.statusCode))}::int[]
    ) as done(event_id, endpoint_id, attempt, status_code)
    where ${deliveries.eventId} = done.event_id and ${deliveries.endpointId} = done.endpoint_id
      and ${deliveries.status} = 'pending'`);
}

async function recordFailed(
  tx: Transaction,
  failed: readonly (Of<'retry'> | Of<'dead'>)[],
): Promise<void> {
  await tx.insert(deliveryAttempts).values(
    failed.map(
      ({
        eventId,
        endpointId,
        attempt,
        statusCode,
        error,
        responseBody,
        durationMs,
        startedAt,
      }) => ({
        id: newId('attempt'),
        ...{ eventId, endpointId, attempt, statusCode, error, responseBody, durationMs, startedAt },
      }),
    ),
  );
  for (const outcome of failed) {
    await tx
      .update(deliveries)
      .set({
        attempts: outcome.attempt,
        lastStatusCode: outcome.statusCode,
        lastError: outcome.error,
        ...(outcome.kind === 'retry'
          ? {
              driver: 'workflow' as const,
              nextAttemptAt: sql`now() + make_interval(secs => ${outcome.delayMs / 1000})`,
            }
          : {
              status: 'dead' as const,
              deadReason: outcome.reason,
              nextAttemptAt: null,
              endedAt: new Date(),
            }),
      })
      .where(
        and(
          eq(deliveries.eventId, outcome.eventId),
          eq(deliveries.endpointId, outcome.endpointId),
          eq(deliveries.status, 'pending'),
        ),
      );
  }
}

async function disable(tx: Transaction, endpointIds: EndpointId[]): Promise<void> {
  if (endpointIds.length === 0) return;
  await tx
    .update(endpoints)
    .set({ status: 'disabled', disabledReason: 'the receiver answered 410 Gone' })
    .where(inArray(endpoints.id, endpointIds));
  await tx
    .update(deliveries)
    .set({
      status: 'dead',
      deadReason: 'endpoint_disabled',
      nextAttemptAt: null,
      endedAt: new Date(),
    })
    .where(and(inArray(deliveries.endpointId, endpointIds), eq(deliveries.status, 'pending')));
}
