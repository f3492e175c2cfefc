import type { Logger } from '../telemetry/logger.ts';

/** Takes the error of telling a workflow about what is in the database already: the recovery job redelivers it. */
export const leftToRecovery =
  (logger: Logger, what: string, ids: Readonly<Record<string, string>>) =>
  (error: unknown): void =>
    logger.warn({ error, ...ids }, `${what} waits for the recovery job`);
