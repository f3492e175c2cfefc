import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { Provider } from '../../providers/provider.ts';
import type { ActivityDeps } from '../deps.ts';
import { paymentRef } from './payment-ref.ts';

export type CallDeps = Pick<ActivityDeps, 'providers' | 'health' | 'logger'>;

const sayAgainMs = 600_000;
const mostSaid = 1_000;
const saidMs = new Map<string, number>();

/** A code that no table has wants a person to read it, once: whoever waits for it asks many times. */
function sayUndocumented(
  logger: ActivityDeps['logger'],
  accountId: string,
  { code, message }: ProviderFault,
): void {
  const key = `${accountId} ${code}`;
  if (Date.now() - (saidMs.get(key) ?? Number.NEGATIVE_INFINITY) < sayAgainMs) return;
  if (saidMs.size >= mostSaid) saidMs.clear();
  saidMs.set(key, Date.now());
  logger.error(
    { event: 'provider.undocumented_code', accountId, code, message },
    'a provider answers with a code that it documents nowhere: read what it says, and its documentation',
  );
}

/** Calls an account's provider, and notes for the router how that went. Faults are passed on. */
export async function callProvider<T>(
  { providers, health, logger }: CallDeps,
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
    if (error instanceof ProviderFault && error.isUndocumented)
      sayUndocumented(logger, accountId, error);
    throw error;
  }
}

/** Asks the provider what became of a payment. */
export async function askProvider(deps: CallDeps, payment: PaymentRow): Promise<ProviderReport> {
  const { report } = await callProvider(deps, payment, (provider) =>
    provider.queryPayment(paymentRef(payment)),
  );
  return report;
}
