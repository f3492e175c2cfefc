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
 * Sets the SDK's runtime up, once a process: it logs where we log (its INFO is our debug), and leaves
 * signals to us, because stopping has an order: first the door, then the worker, then the connections.
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
