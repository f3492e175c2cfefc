import { LRUCache } from 'lru-cache';
import type { ProviderReport } from '../../domain/payment.ts';
import type { PaymentRow } from '../../db/queries/read-order.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { Provider } from '../../providers/provider.ts';
import type { ServiceDeps } from '../deps.ts';
import { paymentRef } from './payment-ref.ts';

export type CallDeps = Pick<ServiceDeps, 'providers' | 'health' | 'logger'>;

const logged = new LRUCache<string, true>({ max: 1_000, ttl: 600_000 });

/**
 * Logs faults that no retry fixes and a person must read, once per account and code in ten minutes, as retries repeat
 * them.
 */
function logIfActionNeeded(
  logger: ServiceDeps['logger'],
  accountId: string,
  { code, message, kind, isUndocumented }: ProviderFault,
): void {
  if (kind !== 'misconfigured' && !isUndocumented) return;
  const key = `${accountId} ${code}`;
  if (logged.has(key)) return;
  logged.set(key, true);
  if (isUndocumented) {
    logger.error(
      { event: 'provider.undocumented_code', accountId, code, message },
      'the provider answered with an undocumented code: read its message and documentation',
    );
  } else {
    logger.error(
      { event: 'provider.refuses', accountId, code, message },
      'the provider refuses permanently: check the request, keys, contract and permissions',
    );
  }
}

/** Calls an account's provider and records the result for the router. Rethrows faults. */
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
    // An unknown code does not show whose fault it is.
    const isTheirs =
      error instanceof ProviderFault && error.blames === 'provider' && !error.isUndocumented;
    if (isTheirs) health.record(accountId, 'failed');
    if (error instanceof ProviderFault) logIfActionNeeded(logger, accountId, error);
    throw error;
  }
}

/** Queries the provider about a payment. */
export async function askProvider(deps: CallDeps, payment: PaymentRow): Promise<ProviderReport> {
  const { report } = await callProvider(deps, payment, (provider) =>
    provider.queryPayment(paymentRef(payment)),
  );
  return report;
}
