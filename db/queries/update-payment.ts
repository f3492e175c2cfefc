import { eq } from 'drizzle-orm';
import type { PaymentId } from '../../domain/ids.ts';
import type { PaymentStatus } from '../../domain/payment.ts';
import { payments } from '../schema/orders.ts';
import type { Transaction } from '../transaction.ts';

/** Writes a payment's new state. The caller holds the row's lock (`lockPayment`). */
export async function updatePayment(
  tx: Transaction,
  input: {
    id: PaymentId;
    status: PaymentStatus;
    providerTradeNo: string | null;
    settledAt: Date | null;
    failureCode: string | null;
  },
): Promise<void> {
  const { id, status, providerTradeNo, settledAt, failureCode } = input;
  await tx
    .update(payments)
    .set({ status, providerTradeNo, settledAt, failureCode })
    .where(eq(payments.id, id));
}
