import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import { askProvider, callProvider } from './ask-provider.ts';
import type { CallDeps } from './ask-provider.ts';
import { paymentRef } from './payment-ref.ts';

/**
 * Closes a payment at its provider and queries it afterwards. Returns `closed` only if the provider takes no more
 * money; any other report is to be applied. Throws a ProviderFault if neither is certain yet.
 */
export async function closeAtProvider(
  deps: CallDeps,
  payment: PaymentRow,
): Promise<ProviderReport> {
  const ref = paymentRef(payment);
  const closed = await callProvider(deps, payment, (provider) =>
    // The payment may or may not exist there; providers with a reversal undo either case.
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
