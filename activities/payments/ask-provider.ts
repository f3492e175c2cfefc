import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { Provider } from '../../providers/provider.ts';
import type { ActivityDeps } from '../deps.ts';
import { paymentRef } from './payment-ref.ts';

/** Calls an account's provider, and notes for the router how that went. Faults are passed on. */
export async function callProvider<T>(
  { providers, health }: Pick<ActivityDeps, 'providers' | 'health'>,
  { accountId }: Pick<PaymentRow, 'accountId'>,
  call: (provider: Provider) => Promise<T>,
): Promise<T> {
  const provider = await providers.get(accountId);
  try {
    const result = await call(provider);
    health.note(accountId, 'succeeded');
    return result;
  } catch (error) {
    const isTheirs = error instanceof ProviderFault && error.blames === 'provider';
    if (isTheirs) health.note(accountId, 'failed');
    throw error;
  }
}

/** Asks the provider what became of a payment. */
export async function askProvider(
  deps: Pick<ActivityDeps, 'providers' | 'health'>,
  payment: PaymentRow,
): Promise<ProviderReport> {
  const { report } = await callProvider(deps, payment, (provider) =>
    provider.queryPayment(paymentRef(payment)),
  );
  return report;
}
