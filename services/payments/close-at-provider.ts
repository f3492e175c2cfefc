import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import { askProvider, callProvider } from './ask-provider.ts';
import type { CallDeps } from './ask-provider.ts';
import { paymentRef } from './payment-ref.ts';

/**
 * Tells the provider to take no more money for a payment, and asks it afterwards. Answers `closed`
 * only where the provider no longer takes any; what it says otherwise is the truth to be applied.
 * Throws where neither is certain yet.
 */
export async function closeAtProvider(
  deps: CallDeps,
  payment: PaymentRow,
): Promise<ProviderReport> {
  const ref = paymentRef(payment);
  const closed = await callProvider(deps, payment, (provider) =>
    // Whether it was ever opened there is not known: a provider that can undo the unknown is asked to.
    payment.status === 'created' && provider.reversePayment
      ? provider.reversePayment(ref)
      : provider.closePayment(ref),
  );
  const after = await askProvider(deps, payment);
  if (after.status === 'succeeded') return after;
  const isClosed =
    after.status === 'closed' || (after.status === 'absent' && closed.kind !== 'paid');
  if (isClosed) return { status: 'closed' };
  throw new ProviderFault(
    'unknownOutcome',
    'not_closed',
    `the provider answered '${closed.kind}' to the close and '${after.status}' to the query after it`,
  );
}
