import { createSealer } from '../../db/sealed.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { ledgerEntries, orders, payments, refunds } from '../../db/schema/index.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { positionOfCapture, positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import { createProvider } from '../../providers/create-provider.ts';
import { definitions } from '../../providers/registry.ts';
import type { TestMerchant, World } from '../support/world.ts';
import type { PlannedOrder } from './plan.ts';

const batchSize = 1_000;
const laterMs = 86_400_000;

/** Writes a planned day into our books and into the book of a merchant's first provider. */
export async function seedDay(
  world: World,
  merchant: TestMerchant,
  plan: readonly PlannedOrder[],
): Promise<void> {
  for (let at = 0; at < plan.length; at += batchSize) {
    const batch = plan.slice(at, at + batchSize);
    await seedOurs(world, merchant, batch);
    await seedTheirs(world, merchant, batch);
  }
}

async function seedOurs({ db }: World, merchant: TestMerchant, batch: readonly PlannedOrder[]) {
  const { merchantId } = merchant;
  const { accountId, provider } = merchant.accounts[0]!;
  const method = Object.keys(definitions[provider].methods)[0]!;
  const known = batch.flatMap((order) => (order.ours ? [{ ...order, ours: order.ours }] : []));
  if (known.length === 0) return;
  await db.transaction(async (tx) => {
    await tx.insert(orders).values(
      known.map(({ orderId, atMs, outTradeNo, ours }) => {
        const { payment, refund, amountMinor, currency } = ours;
        const refundedMinor = refund?.status === 'succeeded' ? refund.amountMinor : 0;
        const paid = refundedMinor > 0 ? ('partially_refunded' as const) : ('paid' as const);
        return {
          id: orderId,
          merchantId,
          amountMinor,
          currency,
          refundedMinor,
          merchantOrderNo: outTradeNo,
          requestHash: outTradeNo,
          checkoutToken: outTradeNo,
          subject: 'One cup of tea',
          methods: [method],
          metadata: {},
          status: payment.status === 'succeeded' ? paid : payment.status,
          capturedMinor: payment.capturedMinor,
          expiresAt: new Date(Date.now() + laterMs),
          // Not for the recovery job: it would auto-resolve before the reconciliation does.
          recoveredAt: new Date(Date.now() + laterMs),
          createdAt: new Date(atMs),
          ...(payment.status === 'succeeded' && { paidAt: new Date(atMs) }),
        };
      }),
    );
    await tx.insert(payments).values(
      known.map(({ paymentId, orderId, outTradeNo, atMs, ours }) => ({
        id: paymentId,
        orderId,
        accountId,
        method,
        outTradeNo,
        ...ours.payment,
        amountMinor: ours.amountMinor,
        currency: ours.currency,
        createdAt: new Date(atMs),
        ...(ours.payment.status === 'succeeded' && { settledAt: new Date(atMs) }),
      })),
    );
    const given = known.flatMap(({ orderId, paymentId, atMs, ours }) => {
      const { refund, currency } = ours;
      if (!refund) return [];
      return {
        ...refund,
        merchantId,
        orderId,
        paymentId,
        accountId,
        currency,
        cause: 'requested' as const,
        reason: 'Refund',
        createdAt: new Date(atMs),
        recoveredAt: new Date(Date.now() + laterMs),
        ...(refund.status === 'succeeded' && { settledAt: new Date(atMs) }),
      };
    });
    if (given.length > 0) await tx.insert(refunds).values(given);
    const lines = known.flatMap((order) => linesOf(order, { merchantId, accountId }));
    if (lines.length > 0) await tx.insert(ledgerEntries).values(lines);
  });
}

type Known = PlannedOrder & { ours: NonNullable<PlannedOrder['ours']> };

function linesOf(
  { orderId, paymentId, atMs, ours }: Known,
  owner: { merchantId: MerchantId; accountId: AccountId },
): (typeof ledgerEntries.$inferInsert)[] {
  const { payment, refund, currency, ledgerOffMinor } = ours;
  const postings: (LedgerPosting | undefined)[] = [
    payment.status === 'succeeded'
      ? postingBetween(
          `capture:${paymentId}`,
          {},
          positionOfCapture(payment.capturedMinor + ledgerOffMinor),
        )
      : undefined,
    refund
      ? postingBetween(
          `refund:${refund.id}:seeded`,
          {},
          positionOfRefund(refund.status, refund.amountMinor),
        )
      : undefined,
  ];
  return postings.flatMap((posting) =>
    (posting?.lines ?? []).map((line) => ({
      ...line,
      ...owner,
      orderId,
      currency,
      transaction: posting?.transaction ?? '',
      createdAt: new Date(atMs),
    })),
  );
}

async function seedTheirs(world: World, merchant: TestMerchant, batch: readonly PlannedOrder[]) {
  const { account, provider } = merchant.accounts[0]!;
  const { call } = await world.simulator(provider);
  const known = batch.flatMap(({ outTradeNo, theirs }) => (theirs ? [{ outTradeNo, theirs }] : []));
  const { status, text } = await call('POST', '/seed', {
    body: {
      account,
      payments: known.map(({ outTradeNo, theirs: { amountMinor, currency, atMs, refund } }) => ({
        outTradeNo,
        amountMinor,
        currency,
        paidAt: new Date(atMs).toISOString(),
        refunds: refund ? [{ ...refund, at: new Date(atMs).toISOString() }] : [],
      })),
    },
  });
  if (status >= 300) throw new Error(`the simulator answered ${status}: ${text}`);
  for (const { outTradeNo, theirs } of known) {
    if (theirs.isDouble) await payTwice(world, merchant, { outTradeNo, ...theirs });
  }
}

/** Another payment under the same number, which only Stripe lets happen. */
async function payTwice(
  { db, config, simulator }: World,
  merchant: TestMerchant,
  {
    outTradeNo,
    amountMinor,
    currency,
    atMs,
  }: { outTradeNo: string; amountMinor: number; currency: string; atMs: number },
) {
  const { accountId, account, provider } = merchant.accounts[0]!;
  const found = await findProviderAccount(
    { db, sealer: createSealer(config.secretKeys) },
    { accountId },
  );
  const created = await (
    await createProvider(found!)
  ).createPayment({
    outTradeNo,
    amountMinor,
    currency,
    method: 'stripe.payment_intent',
    subject: 'One cup of tea',
    expiresAt: new Date(Date.now() + laterMs).toISOString(),
    notifyUrl: 'http://127.0.0.1:1/',
    returnUrl: 'http://127.0.0.1:1/',
    capture: 'automatic',
    payer: {},
  });
  if (created.kind !== 'created' || !created.providerRef) throw new Error('no second payment');
  const { call } = await simulator(provider);
  const { status, text } = await call('POST', `/payments/${created.providerRef}/pay`, {
    body: { account, at: new Date(atMs).toISOString() },
  });
  if (status >= 300) throw new Error(`the simulator answered ${status}: ${text}`);
}
