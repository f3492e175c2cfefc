import type { EndpointId } from '../../domain/ids.ts';
import type { ServiceDeps } from '../deps.ts';

/** For operators, a line an alert rule can count. The endpoint's merchant is told by `endpoint.disabled`. */
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
