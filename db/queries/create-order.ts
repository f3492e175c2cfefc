import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import { bare, insertInto } from '../columns.ts';
import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { AccountId, MerchantId, OrderId } from '../../domain/ids.ts';
import type { LatePayment } from '../../domain/order.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { CaptureMethod } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { isUniqueViolation } from '../database-errors.ts';
import { at, int, json, minor, text, texts } from '../placeholders.ts';
import { endpoints } from '../schema/endpoints.ts';
import { idempotencyKeys } from '../schema/idempotency-keys.ts';
import { orders, payments } from '../schema/orders.ts';
import type { OrderPayer } from '../schema/orders.ts';
import type { Transaction } from '../transaction.ts';
import type { ResourceEndpoint } from './endpoints.ts';
import { statement } from '../statement.ts';
import { insertOrderEvent } from './insert-order-event.ts';
import { newEvent } from './new-event.ts';

export type NewOrder = {
  merchant: { id: MerchantId; shard: number };
  /** The account and method of the first attempt. */
  account: { id: AccountId; provider: string; method: string };
  /** SHA-256 of the canonical request. */
  requestHash: string;
  idempotencyKey: string | undefined;
  merchantOrderNo: string;
  amountMinor: number;
  currency: string;
  subject: string;
  methods: string[];
  capture: CaptureMethod;
  latePayment: LatePayment;
  payer: OrderPayer;
  confirm: { url: string; withinSeconds: number } | null;
  metadata: Record<string, string>;
  returnUrl: string | null;
  /** An endpoint for the events of this order only, with its sealed secret. */
  notify: ResourceEndpoint | null;
  expiresAt: Date;
};

export type CreateOrderResult =
  | { kind: 'created'; orderId: OrderId }
  /** The same request under the same order number exists: continue with that order. */
  | { kind: 'existing'; orderId: OrderId }
  /** The key was answered before: return the same answer. */
  | { kind: 'answered'; status: number; body: string; orderId: OrderId }
  | { kind: 'inFlight' }
  | { kind: 'keyReused' }
  | { kind: 'numberTaken'; orderId: OrderId };

/** How long a caller with an Idempotency-Key counts as alive. */
const lockSeconds = 30;
const lockedUntil = () => sql`now() + make_interval(secs => ${lockSeconds})`;

/**
 * Writes an order with its payment, its first event and its idempotency key in one transaction; from then on the order
 * survives any crash. Unique per (merchant, Idempotency-Key) and per (merchant, merchantOrderNo); of two concurrent
 * callers, the second waits for the first and gets its order.
 */
export async function createOrder(db: Database, input: NewOrder): Promise<CreateOrderResult> {
  const orderId = newId('order');
  if (await insertAll(db, orderId, input)) return { kind: 'created', orderId };
  // The key or the number was used before. The key is read twice, because it may be taken between the two reads.
  return (
    (await resumeKey(db, input)) ??
    (await resumeOrder(db, input)) ??
    (await resumeKey(db, input)) ??
    fault(input)
  );
}

const amountMinor = minor('amountMinor');

const open = statement('create_order', () => {
  const order = insertInto(
    orders,
    {
      id: text('orderId'),
      merchantId: text('merchantId'),
      merchantOrderNo: text('merchantOrderNo'),
      requestHash: text('requestHash'),
      amountMinor,
      currency: text('currency'),
      subject: text('subject'),
      methods: texts('methods'),
      capture: text('capture'),
      latePayment: text('latePayment'),
      payer: json('payer'),
      confirmUrl: text('confirmUrl'),
      confirmSeconds: int('confirmSeconds'),
      metadata: json('metadata'),
      returnUrl: text('returnUrl'),
      checkoutToken: text('checkoutToken'),
      expiresAt: at('expiresAt'),
      createdAt: at('at'),
      updatedAt: at('at'),
    },
    sql`where not exists (
      select from ${idempotencyKeys}
      where ${idempotencyKeys.merchantId} = ${text('merchantId')} and ${idempotencyKeys.key} = ${text('key')})
    on conflict (${bare(orders.merchantId, orders.merchantOrderNo)}) do nothing returning 1`,
  );
  const key = insertInto(
    idempotencyKeys,
    {
      merchantId: text('merchantId'),
      key: text('key'),
      requestHash: text('requestHash'),
      orderId: text('orderId'),
      lockedUntil: lockedUntil(),
    },
    sql`from opened where ${text('key')} is not null`,
  );
  const payment = insertInto(
    payments,
    {
      id: text('paymentId'),
      orderId: text('orderId'),
      accountId: text('accountId'),
      method: text('method'),
      outTradeNo: text('outTradeNo'),
      amountMinor,
      currency: text('currency'),
      createdAt: at('at'),
    },
    sql`from opened`,
  );
  const endpoint = insertInto(
    endpoints,
    {
      id: text('endpointId'),
      merchantId: text('merchantId'),
      url: text('notifyUrl'),
      eventTypes: sql`array['*']`,
      resourceId: text('orderId'),
      sealedSecret: text('sealedSecret'),
    },
    sql`from opened where ${text('endpointId')} is not null`,
  );
  const event = insertOrderEvent(sql`from opened`);
  // One statement is one round trip and one transaction; drizzle cannot chain dependent inserts.
  return sql`with opened as (${order}), idempotency_key as (${key}), payment as (${payment}),
    endpoint as (${endpoint}), event as (${event}) select from opened`;
});

/** False, with nothing written, if the key or the order's number is taken. */
async function insertAll(db: Database, orderId: OrderId, input: NewOrder): Promise<boolean> {
  const now = new Date();
  const paymentId = newId('payment');
  const { id: merchantId, shard } = input.merchant;
  const order = {
    ...input,
    id: orderId,
    merchantId,
    status: 'pending',
    version: 1,
    reviewReason: null,
    reviewFacts: null,
    closeReason: null,
    failureCode: null,
    capturedMinor: 0,
    refundedMinor: 0,
    confirmation: null,
    authorizedAt: null,
    paidAt: null,
    closedAt: null,
    createdAt: now,
    updatedAt: now,
  } as const;
  const payment = {
    id: paymentId,
    provider: input.account.provider,
    method: input.account.method,
    outTradeNo: outTradeNoOf(paymentId),
    providerTradeNo: null,
    status: 'created',
    amountMinor: input.amountMinor,
    currency: input.currency,
    capturedMinor: 0,
    surplus: null,
    failureCode: null,
    settledAt: null,
  } as const;
  const parts = { payments: [payment], refunds: [], disputes: [] };
  const data = { ...snapshotOf(order, parts), about: null };
  const event = newEvent({
    merchantId,
    shard,
    type: 'order.created',
    resourceId: orderId,
    data,
    at: now,
  });
  try {
    const opened = await open(db, {
      ...input,
      orderId,
      merchantId,
      shard,
      key: input.idempotencyKey ?? null,
      accountId: input.account.id,
      method: input.account.method,
      payer: JSON.stringify(input.payer),
      confirmUrl: input.confirm?.url ?? null,
      confirmSeconds: input.confirm?.withinSeconds ?? null,
      metadata: JSON.stringify(input.metadata),
      checkoutToken: randomBytes(16).toString('base64url'),
      endpointId: input.notify?.endpointId ?? null,
      notifyUrl: input.notify?.url ?? null,
      sealedSecret: input.notify?.sealedSecret ?? null,
      at: now,
      paymentId,
      outTradeNo: payment.outTradeNo,
      eventId: event.id,
      eventType: event.type,
      eventBody: event.body,
    });
    return opened.length === 1;
  } catch (error) {
    // Two concurrent callers with one key: the second's statement fails as a whole.
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** The result of an earlier request with this Idempotency-Key; undefined for a new key. */
export async function resumeKey(
  db: Database,
  input: Pick<NewOrder, 'merchant' | 'idempotencyKey' | 'requestHash'>,
): Promise<CreateOrderResult | undefined> {
  if (input.idempotencyKey === undefined) return undefined;
  const isThisKey = and(
    eq(idempotencyKeys.merchantId, input.merchant.id),
    eq(idempotencyKeys.key, input.idempotencyKey),
  );
  const [known] = await db.select().from(idempotencyKeys).where(isThisKey);
  if (!known) return undefined;
  if (known.requestHash !== input.requestHash) return { kind: 'keyReused' };
  if (known.responseStatus !== null && known.responseBody !== null) {
    const { responseStatus: status, responseBody: body, orderId } = known;
    return { kind: 'answered', status, body, orderId };
  }
  // The first caller may have died before answering; after its lock expires one caller takes over.
  const takenOver = await db
    .update(idempotencyKeys)
    .set({ lockedUntil: lockedUntil() })
    .where(and(isThisKey, gt(sql`now()`, idempotencyKeys.lockedUntil)))
    .returning({ orderId: idempotencyKeys.orderId });
  return takenOver[0] ? { kind: 'existing', orderId: takenOver[0].orderId } : { kind: 'inFlight' };
}

/** Finds the order with the number; undefined if another caller takes the key meanwhile. */
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
  throw new Error(`order number ${merchantOrderNo} conflicts with an order that does not exist`);
}
