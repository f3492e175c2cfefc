import type { Logger } from '../telemetry/logger.ts';

/**
 * An error handler for signals to a workflow about committed data: logs the error and leaves redelivery to the recovery
 * job.
 */
export const leftToRecovery =
  (logger: Logger, what: string, ids: Readonly<Record<string, string>>) =>
  (error: unknown): void =>
    logger.warn({ err: error, ...ids }, `${what} waits for the recovery job`);
