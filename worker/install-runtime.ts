import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from '../telemetry/logger.ts';

const levels = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
} as const;

let isInstalled = false;

/**
 * Installs the SDK's runtime once per process. It logs to our logger (its INFO is our debug) and handles no signals,
 * because the server stops its parts in order: API, workers, connections.
 */
export function installRuntime({ logger }: { logger: Logger }): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) =>
      logger[levels[level]]({ ...meta }, message),
    ),
  });
}
