import { and, eq, isNull, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { idempotencyAnswers } from '../schema/idempotency-answers.ts';
import type { Transaction } from '../transaction.ts';

/** One request of a merchant with an Idempotency-Key. */
export type KeyedRequest = {
  /** SHA-256 of merchant, path and key. */
  id: string;
  merchantId: MerchantId;
  path: string;
  key: string;
  /** SHA-256 of the body. */
  requestHash: string;
  /** Identifies this attempt. */
  holder: string;
};

export type ReserveResult =
  | { kind: 'reserved' }
  | { kind: 'answered'; status: number; sealedAnswer: string }
  | { kind: 'inFlight' }
  | { kind: 'keyReused' };

/** How long an answer is kept; after that the key is new again. */
export const keptDays = 7;
/** Longer than any request takes: a holder that has not answered by then has died. */
const lockSeconds = 90;
const lockedUntil = sql`now() + make_interval(secs => ${lockSeconds})`;
const keptSince = sql`now() - make_interval(days => ${keptDays})`;

/** Reserves the key for this attempt if it is new, expired, or held by a dead attempt. */
export async function reserveKey(db: Database, request: KeyedRequest): Promise<ReserveResult> {
  const { createdAt, status, lockedUntil: until, requestHash } = idempotencyAnswers;
  const isExpired = sql`${createdAt} < ${keptSince}`;
  const isAbandoned = sql`${status} is null and ${until} < now() and ${requestHash} = excluded.request_hash`;
  const { holder } = request;
  const reserved = await db
    .insert(idempotencyAnswers)
    .values({ ...request, lockedUntil })
    .onConflictDoUpdate({
      target: idempotencyAnswers.id,
      set: {
        requestHash: request.requestHash,
        holder,
        lockedUntil,
        status: null,
        sealedAnswer: null,
        createdAt: sql`now()`,
      },
      setWhere: sql`${isExpired} or (${isAbandoned})`,
    })
    .returning({ id: idempotencyAnswers.id });
  if (reserved.length > 0) return { kind: 'reserved' };
  const [known] = await db
    .select({ requestHash, status, sealedAnswer: idempotencyAnswers.sealedAnswer })
    .from(idempotencyAnswers)
    .where(isKeyOf(request));
  // The key was released between the two statements.
  if (!known) return { kind: 'inFlight' };
  if (known.requestHash !== request.requestHash) return { kind: 'keyReused' };
  if (known.status === null || known.sealedAnswer === null) return { kind: 'inFlight' };
  return { kind: 'answered', status: known.status, sealedAnswer: known.sealedAnswer };
}

const isKeyOf = ({ id }: KeyedRequest) => eq(idempotencyAnswers.id, id);

const isHeldBy = (request: KeyedRequest) =>
  and(
    isKeyOf(request),
    eq(idempotencyAnswers.holder, request.holder),
    isNull(idempotencyAnswers.status),
  );

/** Stores the answer. False if another attempt has reserved the key meanwhile, or it has an answer already. */
export async function keepAnswer(
  db: Database | Transaction,
  {
    request,
    status,
    sealedAnswer,
  }: { request: KeyedRequest; status: number; sealedAnswer: string },
): Promise<boolean> {
  const kept = await db
    .update(idempotencyAnswers)
    .set({ status, sealedAnswer })
    .where(isHeldBy(request))
    .returning({ id: idempotencyAnswers.id });
  return kept.length > 0;
}

/** Releases the key: nothing was done under it. */
export async function releaseKey(db: Database, request: KeyedRequest): Promise<void> {
  await db.delete(idempotencyAnswers).where(isHeldBy(request));
}

/** Deletes expired answers, `limit` at a time. */
export async function dropOldAnswers(db: Database, { limit }: { limit: number }): Promise<void> {
  await db.execute(sql`
    delete from ${idempotencyAnswers} where ctid in (
      select ctid from ${idempotencyAnswers} where created_at < ${keptSince} limit ${limit})`);
}
