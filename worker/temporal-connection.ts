import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';

const firstRetryMs = 250;
const longestRetryMs = 5_000;

/** The options of both the worker's and the API's connection. */
export function connectionOptions({ address, apiKey, tls }: Config['temporal']) {
  const pair =
    tls && tls.certPem && tls.keyPem
      ? { crt: Buffer.from(tls.certPem), key: Buffer.from(tls.keyPem) }
      : undefined;
  return {
    address,
    ...(tls && { tls: pair ? { clientCertPair: pair } : {} }),
    ...(apiKey !== undefined && { apiKey }),
  };
}

/** Connects to Temporal, and retries until it answers or `signal` aborts. */
export async function connectToTemporal(input: {
  config: Config;
  logger: Logger;
  signal: AbortSignal;
}): Promise<NativeConnection> {
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
    try {
      return await NativeConnection.connect(connectionOptions(input.config.temporal));
    } catch (error) {
      input.signal.throwIfAborted();
      const { address } = input.config.temporal;
      input.logger.warn(
        { address, error: String(error) },
        'Temporal does not answer yet (TEMPORAL_ADDRESS)',
      );
      await sleep(retryMs, undefined, { signal: input.signal });
    }
  }
}
