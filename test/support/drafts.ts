import { startPayOrder } from '../../orchestration/start-pay-order.ts';
import { createOrder } from '../../db/queries/create-order.ts';
import { findMerchant } from '../../db/queries/merchants.ts';
import { listAccountsOf } from '../../db/queries/provider-accounts.ts';
import { currentPayment, readOrder } from '../../db/queries/read-order.ts';
import type { OrderId } from '../../domain/ids.ts';
import { newOrder } from './orders.ts';
import type { TestMerchant, World } from './world.ts';

export type Draft = {
  id: OrderId;
  outTradeNo: string;
  /** Its payment's number where `payAtProvider` looks for it. */
  payments: [{ outTradeNo: string }];
  /** Starts the order's workflow, which may be told to expire earlier than the provider's code does. */
  begin(options?: { expiresInMs?: number }): Promise<void>;
};

/** An order that is committed but has no workflow yet: time to script faults for its number. */
export async function draftOrder(
  world: World,
  { merchantId }: TestMerchant,
  { expiresInMs = 900_000 }: { expiresInMs?: number } = {},
): Promise<Draft> {
  const { db, temporal: client, config, url: publicUrl } = world;
  const [merchant, [account]] = await Promise.all([
    findMerchant(db, { merchantId }),
    listAccountsOf(db, { merchantId }),
  ]);
  if (!merchant || !account) throw new Error(`${merchantId} has no account`);
  const wanted = newOrder();
  const expiresAt = new Date(Date.now() + expiresInMs);
  const created = await createOrder(db, {
    ...wanted,
    merchant,
    expiresAt,
    account: { ...account, method: 'alipay.qr' },
    requestHash: wanted.merchantOrderNo,
    idempotencyKey: undefined,
    methods: ['alipay.qr'],
    capture: 'automatic',
    latePayment: 'refund',
    payer: {},
    confirm: null,
    metadata: {},
    returnUrl: null,
    notify: null,
  });
  if (created.kind !== 'created') throw new Error(`the draft is ${created.kind}`);
  const { orderId } = created;
  const read = await readOrder(db, { orderId });
  const { order } = read;
  const payment = currentPayment(read);
  return {
    id: orderId,
    outTradeNo: payment.outTradeNo,
    payments: [{ outTradeNo: payment.outTradeNo }],
    begin: (options = {}) => {
      const { expiresInMs: sooner } = options;
      const at = sooner === undefined ? expiresAt : new Date(Date.now() + sooner);
      return startPayOrder({
        client,
        taskQueue: config.temporal.taskQueue,
        isShared: false,
        publicUrl,
        order: { ...order, provider: payment.provider, expiresAt: at.toISOString() },
      });
    },
  };
}
