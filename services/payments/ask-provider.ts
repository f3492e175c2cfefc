import { LRUCache } from 'lru-cache';
import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { Provider } from '../../providers/provider.ts';
import type { ServiceDeps } from '../deps.ts';
import { paymentRef } from './payment-ref.ts';

export type CallDeps = Pick<ServiceDeps, 'providers' | 'health' | 'logger'>;

const said = new LRUCache<string, true>({ max: 1_000, ttl: 600_000 });

/** What no retry mends wants a person to read it, once: whoever waits for it asks many times. */
function sayIfForPeople(
  logger: ServiceDeps['logger'],
  accountId: string,
  { code, message, kind, isUndocumented }: ProviderFault,
): void {
  if (kind !== 'misconfigured' && !isUndocumented) return;
  const key = `${accountId} ${code}`;
  if (said.has(key)) return;
  said.set(key, true);
  if (isUndocumented) {
    logger.error(
      { event: 'provider.undocumented_code', accountId, code, message },
      'a provider answers with a code that it documents nowhere: read what it says, and its documentation',
    );
  } else {
    logger.error(
      { event: 'provider.refuses', accountId, code, message },
      'a provider refuses us for good: what we ask, or our keys, contract or rights, is wrong',
    );
  }
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
    health.record(accountId, 'succeeded');
    return result;
  } catch (error) {
    // Of a code that nobody knows nobody knows either whose fault it is.
    const isTheirs =
      error instanceof ProviderFault && error.blames === 'provider' && !error.isUndocumented;
    if (isTheirs) health.record(accountId, 'failed');
    if (error instanceof ProviderFault) sayIfForPeople(logger, accountId, error);
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
