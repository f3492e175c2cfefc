import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { AccountId, MerchantId, OrderId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import { idempotencyKeys } from '../schema/idempotency-keys.ts';
import { orders, payments } from '../schema/orders.ts';
import type { Transaction } from '../transaction.ts';
import { newEvent } from './new-event.ts';

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
  const orderId = newId('order');
  if (await insertAll(db, orderId, input)) return { kind: 'created', orderId };
  // The key or the number was used before. Twice: the key may be taken between the two looks.
  return (
    (await resumeKey(db, input)) ??
    (await resumeOrder(db, input)) ??
    (await resumeKey(db, input)) ??
    fault(input)
  );
}

/** False, with nothing written, where the key or the order's number is taken. */
async function insertAll(db: Database, orderId: OrderId, input: NewOrder): Promise<boolean> {
  const at = new Date();
  const paymentId = newId('payment');
  const { id: merchantId, shard } = input.merchant;
  const order = {
    ...input,
    id: orderId,
    merchantId,
    status: 'pending',
    version: 1,
    reviewReason: null,
    closeReason: null,
    failureCode: null,
    paidAt: null,
    closedAt: null,
    createdAt: at,
    updatedAt: at,
  } as const;
  const payment = {
    id: paymentId,
    provider: input.account.provider,
    outTradeNo: outTradeNoOf(paymentId),
    providerTradeNo: null,
    status: 'created',
    amountMinor: input.amountMinor,
    currency: input.currency,
    settledAt: null,
  } as const;
  const data = snapshotOf(order, [payment]);
  const event = newEvent({
    merchantId,
    shard,
    type: 'order.created',
    resourceId: orderId,
    data,
    at,
  });
  const key = input.idempotencyKey;
  const isoAt = at.toISOString();
  const write = sql`
    with keyed as (
      insert into ${idempotencyKeys} (merchant_id, key, request_hash, order_id, locked_until)
      select ${merchantId}, ${key ?? ''}, ${input.requestHash}, ${orderId}, ${lockedUntil()}
      where ${key !== undefined}
      on conflict do nothing returning 1),
    opened as (
      insert into ${orders} (id, merchant_id, merchant_order_no, request_hash, amount_minor, currency,
        subject, method, metadata, return_url, checkout_token, expires_at, created_at, updated_at)
      select ${orderId}, ${merchantId}, ${input.merchantOrderNo}, ${input.requestHash},
        ${input.amountMinor}::bigint, ${input.currency}, ${input.subject}, ${input.method},
        ${JSON.stringify(input.metadata)}::jsonb, ${input.returnUrl}, ${randomBytes(16).toString('base64url')},
        ${input.expiresAt.toISOString()}::timestamptz, ${isoAt}::timestamptz, ${isoAt}::timestamptz
      where ${key === undefined} or exists (select from keyed)
      on conflict (merchant_id, merchant_order_no) do nothing returning 1),
    offered as (
      insert into ${payments} (id, order_id, account_id, out_trade_no, amount_minor, currency, created_at)
      select ${paymentId}, ${orderId}, ${input.account.id}, ${payment.outTradeNo},
        ${input.amountMinor}::bigint, ${input.currency}, ${isoAt}::timestamptz from opened),
    told as (
      insert into ${events} (id, merchant_id, shard, type, resource_id, body, created_at)
      select ${event.id}, ${merchantId}, ${shard}::int, ${event.type}, ${orderId}, ${event.body},
        ${isoAt}::timestamptz from opened)
    select from opened`;
  if (key === undefined) return (await db.execute(write)).rows.length === 1;
  try {
    return await db.transaction(async (tx) => {
      if ((await tx.execute(write)).rows.length === 1) return true;
      // The key may have been written for an order that was not: take it back.
      throw new Taken();
    });
  } catch (error) {
    if (error instanceof Taken) return false;
    throw error;
  }
}

class Taken extends Error {
  override readonly name = 'Taken';
}

async function resumeKey(db: Database, input: NewOrder): Promise<CreateOrderResult | undefined> {
  if (input.idempotencyKey === undefined) return undefined;
  const isThisKey = and(
    eq(idempotencyKeys.merchantId, input.merchant.id),
    eq(idempotencyKeys.key, input.idempotencyKey),
  );
  const [known] = await db.select().from(idempotencyKeys).where(isThisKey);
  if (!known) return undefined;
  if (known.requestHash !== input.requestHash) return { kind: 'keyReused' };
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

/** Finds the order that has the number; undefined when another caller takes the key meanwhile. */
function resumeOrder(db: Database, input: NewOrder): Promise<CreateOrderResult | undefined> {
  return db.transaction(async (tx) => {
    const [order] = await tx
      .select({ id: orders.id, requestHash: orders.requestHash })
      .from(orders)
      .where(
        and(
          eq(orders.merchantId, input.merchant.id),
          eq(orders.merchantOrderNo, input.merchantOrderNo),
        ),
      );
    if (!order) return undefined;
    if (order.requestHash !== input.requestHash) return { kind: 'numberTaken', orderId: order.id };
    const isOurs = await insertKey(tx, input, order.id);
    return isOurs ? { kind: 'existing', orderId: order.id } : undefined;
  });
}

async function insertKey(tx: Transaction, input: NewOrder, orderId: OrderId): Promise<boolean> {
  if (input.idempotencyKey === undefined) return true;
  const inserted = await tx
    .insert(idempotencyKeys)
    .values({
      merchantId: input.merchant.id,
      key: input.idempotencyKey,
      requestHash: input.requestHash,
      orderId,
      lockedUntil: lockedUntil(),
    })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  return inserted.length === 1;
}

function fault({ merchantOrderNo }: NewOrder): never {
  throw new Error(`order number ${merchantOrderNo} conflicts with an order that is not there`);
}
