import type { EndpointId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../deps.ts';

/** Logs for operators, one line per endpoint to alert on. The event `endpoint.disabled` informs the merchant. */
export function logDisabled(
  { logger }: Pick<ServiceDeps, 'logger'>,
  endpointIds: readonly EndpointId[],
): void {
  for (const endpointId of endpointIds)
    logger.error(
      { endpointId },
      'an endpoint was disabled: it answered 410 or failed for five days',
    );
}
