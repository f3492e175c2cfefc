import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import type { PaymentRef, ProviderName, RefundInput } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { until } from '../support/until.ts';
import type { Opened, Scene } from './scene.ts';

/** What the provider says of a payment. */
export async function reportOf({ provider }: Scene, payment: PaymentRef): Promise<ProviderReport> {
  return (await provider.queryPayment(payment)).report;
}

/** A method that can hold money, where the provider has one its own page can be paid by. */
export function holdingMethod(name: ProviderName): string | undefined {
  return Object.entries(definitions[name].methods).find(([, traits]) => traits.canAuthorize)?.[0];
}

/** A payment that was paid, with its provider's number. */
export async function paid(scene: Scene): Promise<Opened> {
  const payment = await scene.open();
  const { providerTradeNo } = await scene.tell(payment, 'pay');
  return { ...payment, providerTradeNo };
}

/** A refund of part of a payment, under a number of its own. */
export function refundOf(payment: PaymentRef, fields: Partial<RefundInput> = {}): RefundInput {
  return {
    payment,
    refundNo: outTradeNoOf(newId('refund')),
    refundMinor: 400,
    capturedMinor: payment.amountMinor,
    reason: 'Too cold',
    notifyUrl: 'https://tender.example/notifications',
    ...fields,
  };
}

/** Asks what became of a refund until the provider has decided. */
export function endOfRefund(
  { provider }: Scene,
  { payment, refundNo }: Pick<RefundInput, 'payment' | 'refundNo'>,
): Promise<RefundReport> {
  return until(`the end of refund ${refundNo}`, async () => {
    const asked = { payment, refundNo, providerRefundNo: null };
    const { report } = await provider.queryRefund(asked);
    return report.status === 'pending' ? undefined : report;
  });
}
