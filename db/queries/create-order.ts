import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { AccountId, MerchantId, OrderId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { Database } from '../database.ts';
import { idempotencyKeys } from '../schema/idempotency-keys.ts';
import { orders, payments } from '../schema/orders.ts';
import type { Queryable, Transaction } from '../transaction.ts';
import { appendEvent } from './append-event.ts';

export type NewOrder = {
  merchant: { id: MerchantId; shard: number };
  account: { id: AccountId; provider: string };
  /** SHA-256 of the canonical request. */
  requestHash: string;
  idempotencyKey: string | undefined;
  merchantOrderNo: string;
  amountMinor: number;
  currency: string;
  subject: string;
  method: string;
  metadata: Record<string, string>;
  returnUrl: string | null;
  expiresAt: Date;
};

export type CreateOrderResult =
  | { kind: 'created'; orderId: OrderId }
  /** The same content under the same number before: carry on with that order. */
  | { kind: 'existing'; orderId: OrderId }
  /** The key was used before and answered: say the same again. */
  | { kind: 'answered'; status: number; body: string }
  | { kind: 'inFlight' }
  | { kind: 'keyReused' }
  | { kind: 'numberTaken'; orderId: OrderId };

/** How long a caller that holds an Idempotency-Key is believed to be alive. */
const lockSeconds = 30;
const lockedUntil = () => sql`now() + make_interval(secs => ${lockSeconds})`;

/**
 * Writes an order with its payment, its first event and its idempotency key in one transaction. From
 * here on the order survives every process. Unique per (merchant, Idempotency-Key) and per (merchant,
 * merchantOrderNo); of two callers at once, the second waits for the first and gets its order.
 */
export async function createOrder(db: Database, input: NewOrder): Promise<CreateOrderResult> {
  if (input.idempotencyKey !== undefined) {
    const known = await resumeKey(db, { ...input, key: input.idempotencyKey });
    if (known) return known;
  }
  return db
    .transaction(async (tx) => {
      const orderId = newId('order');
      const inserted = await insertOrder(tx, orderId, input);
      const result: CreateOrderResult = inserted
        ? { kind: 'created', orderId }
        : await findByNumber(tx, input);
      if (result.kind === 'numberTaken' || input.idempotencyKey === undefined) return result;
      const isKeyOurs = await insertKey(
        tx,
        { ...input, key: input.idempotencyKey },
        result.orderId,
      );
      // Another caller took the key between our first look and now: its order is the one that counts.
      return isKeyOurs ? result : tx.rollback();
    })
    .catch(async (error: unknown) => {
      const known =
        input.idempotencyKey !== undefined &&
        (await resumeKey(db, { ...input, key: input.idempotencyKey }));
      if (known) return known;
      throw error;
    });
}

type KeyUse = { merchant: { id: MerchantId }; key: string; requestHash: string };

async function resumeKey(db: Queryable, use: KeyUse): Promise<CreateOrderResult | undefined> {
  const isThisKey = and(
    eq(idempotencyKeys.merchantId, use.merchant.id),
    eq(idempotencyKeys.key, use.key),
  );
  const [known] = await db.select().from(idempotencyKeys).where(isThisKey);
  if (!known) return undefined;
  if (known.requestHash !== use.requestHash) return { kind: 'keyReused' };
  if (known.responseStatus !== null && known.responseBody !== null) {
    return { kind: 'answered', status: known.responseStatus, body: known.responseBody };
  }
  // Whoever began this may have died before answering; after its time one caller takes over.
  const takenOver = await db
    .update(idempotencyKeys)
    .set({ lockedUntil: lockedUntil() })
    .where(and(isThisKey, gt(sql`now()`, idempotencyKeys.lockedUntil)))
    .returning({ orderId: idempotencyKeys.orderId });
  return takenOver[0] ? { kind: 'existing', orderId: takenOver[0].orderId } : { kind: 'inFlight' };
}

async function insertKey(tx: Transaction, use: KeyUse, orderId: OrderId): Promise<boolean> {
  const inserted = await tx
    .insert(idempotencyKeys)
    .values({
      merchantId: use.merchant.id,
      key: use.key,
      requestHash: use.requestHash,
      orderId,
      lockedUntil: lockedUntil(),
    })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  return inserted.length === 1;
}

async function insertOrder(tx: Transaction, orderId: OrderId, input: NewOrder): Promise<boolean> {
  const [order] = await tx
    .insert(orders)
    .values({
      id: orderId,
      merchantId: input.merchant.id,
      merchantOrderNo: input.merchantOrderNo,
      requestHash: input.requestHash,
      amountMinor: input.amountMinor,
      currency: input.currency,
      subject: input.subject,
      method: input.method,
      metadata: input.metadata,
      returnUrl: input.returnUrl,
      checkoutToken: randomBytes(16).toString('base64url'),
      expiresAt: input.expiresAt,
    })
    .onConflictDoNothing({ target: [orders.merchantId, orders.merchantOrderNo] })
    .returning();
  if (!order) return false;
  const paymentId = newId('payment');
  const [payment] = await tx
    .insert(payments)
    .values({
      id: paymentId,
      orderId,
      accountId: input.account.id,
      outTradeNo: outTradeNoOf(paymentId),
      amountMinor: input.amountMinor,
      currency: input.currency,
    })
    .returning();
  await appendEvent(tx, {
    merchantId: input.merchant.id,
    shard: input.merchant.shard,
    type: 'order.created',
    resourceId: orderId,
    data: snapshotOf(order, payment ? [{ ...payment, provider: input.account.provider }] : []),
  });
  return true;
}

async function findByNumber(
  tx: Transaction,
  input: NewOrder,
): Promise<Extract<CreateOrderResult, { kind: 'existing' | 'numberTaken' }>> {
  const [order] = await tx
    .select({ id: orders.id, requestHash: orders.requestHash })
    .from(orders)
    .where(
      and(
        eq(orders.merchantId, input.merchant.id),
        eq(orders.merchantOrderNo, input.merchantOrderNo),
      ),
    );
  if (!order) throw new Error(`order number ${input.merchantOrderNo} conflicts but is not there`);
  const kind = order.requestHash === input.requestHash ? 'existing' : 'numberTaken';
  return { kind, orderId: order.id };
}
