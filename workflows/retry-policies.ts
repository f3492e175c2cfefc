import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/**
 * The first attempt to open a payment, as a local activity, which costs the server half of a regular one. Safe, because
 * the payment's id is stored before the call and the call is idempotent. After one attempt, `askProvider` applies.
 */
export const openAtOnce = {
  startToCloseTimeout: '3s',
  retry: { maximumAttempts: 1 },
} as const satisfies LocalActivityOptions;

/** Retries an unresponsive provider with backoff; `activities/failures.ts` decides when to stop. */
export const askProvider = {
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** Asks the merchant until the activity's schedule-to-close timeout, which is the order's confirmation deadline. */
export const askMerchant = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * Calls the endpoint of a waiting request: retries by the endpoint's own schedule until the deadline. A missing
 * heartbeat reveals a dead worker.
 */
export const askEndpoint = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** For an at-most-once request: no retry, even if the outcome is unknown. */
export const askEndpointOnce = {
  ...askEndpoint,
  retry: { maximumAttempts: 1 },
} as const satisfies ActivityOptions;

/** Short writes to our own database, retried until it is available. */
export const recordState = {
  startToCloseTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const satisfies LocalActivityOptions;

/** A statement may be long and its provider away for hours; heartbeats report the progress. */
export const fetchStatement = {
  startToCloseTimeout: '2h',
  scheduleToCloseTimeout: '1d',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
} as const satisfies ActivityOptions;

/** Compares a day of any size, set by set. */
export const compareSets = {
  startToCloseTimeout: '15m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** A provider that does not answer about one difference must not delay the others for long. */
export const autoResolveOne = {
  startToCloseTimeout: '20s',
  retry: { ...askProvider.retry, maximumAttempts: 5 },
} as const satisfies ActivityOptions;

/** Short work on our own database and schedules that nothing waits for. */
export const keepBooks = {
  startToCloseTimeout: '1m',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions;

/** The relay activity runs for its whole timeout; a missing heartbeat reveals a dead worker. */
export const relayForLong = {
  startToCloseTimeout: '2h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1s' },
} as const satisfies ActivityOptions;

/** One run of deliveries to one endpoint, bounded by the sender's own timeouts. */
export const deliverRun = {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;
