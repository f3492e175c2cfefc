import { and, eq, isNull, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { idempotencyAnswers } from '../schema/idempotency-answers.ts';
import type { Transaction } from '../transaction.ts';

/** One request of a merchant under an Idempotency-Key. */
export type KeyedRequest = {
  /** SHA-256 of merchant, path and key. */
  id: string;
  merchantId: MerchantId;
  path: string;
  key: string;
  /** SHA-256 of the body. */
  requestHash: string;
  /** Of this attempt alone. */
  holder: string;
};

export type ReserveResult =
  | { kind: 'reserved' }
  | { kind: 'answered'; status: number; sealedAnswer: string }
  | { kind: 'inFlight' }
  | { kind: 'keyReused' };

/** How long an answer is kept; after that the key is a fresh one. */
export const keptDays = 7;
/** Longer than any request is worked on: a holder that has not answered by then has died. */
const lockSeconds = 90;
const lockedUntil = sql`now() + make_interval(secs => ${lockSeconds})`;
const isKept = sql`now() - make_interval(days => ${keptDays})`;

/** Takes the key for this attempt, where it is fresh, too old, or held by one that died. */
export async function reserveKey(db: Database, request: KeyedRequest): Promise<ReserveResult> {
  const { createdAt, status, lockedUntil: until, requestHash } = idempotencyAnswers;
  const isOver = sql`${createdAt} < ${isKept}`;
  const isLeft = sql`${status} is null and ${until} < now() and ${requestHash} = excluded.request_hash`;
  const { holder } = request;
  const taken = await db
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
      setWhere: sql`${isOver} or (${isLeft})`,
    })
    .returning({ id: idempotencyAnswers.id });
  if (taken.length > 0) return { kind: 'reserved' };
  const [known] = await db
    .select({ requestHash, status, sealedAnswer: idempotencyAnswers.sealedAnswer })
    .from(idempotencyAnswers)
    .where(isKeyOf(request));
  // It was given back between the two looks.
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

/** Keeps the answer. False where another attempt has taken the key meanwhile, or it has one already. */
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

/** Gives the key back: nothing was done under it. */
export async function releaseKey(db: Database, request: KeyedRequest): Promise<void> {
  await db.delete(idempotencyAnswers).where(isHeldBy(request));
}

/** Drops answers that are no longer kept, some at a time. */
export async function dropOldAnswers(db: Database, { limit }: { limit: number }): Promise<void> {
  await db.execute(sql`
    delete from ${idempotencyAnswers} where ctid in (
      select ctid from ${idempotencyAnswers} where created_at < ${isKept} limit ${limit})`);
}
