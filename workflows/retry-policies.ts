import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/**
 * The first try at opening a payment: half the server's work of a regular activity. Safe, because
 * the payment's id is stored before the call and the call is idempotent. One try, then `askProvider`.
 */
export const openAtOnce = {
  startToCloseTimeout: '3s',
  retry: { maximumAttempts: 1 },
} as const satisfies LocalActivityOptions;

/** A provider that does not answer is asked again, slower each time; `activities/failures.ts` says when to stop. */
export const askProvider = {
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** The merchant is asked as long as the order allows; the activity's own deadline ends it. */
export const askMerchant = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/**
 * One try at an endpoint of somebody who waits: its schedule is the endpoint's, the deadline ends it, and
 * a worker that dies meanwhile is noticed by its missing heartbeat.
 */
export const askEndpoint = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** The same for a request of at most once: a try of which nobody knows what became is the last one too. */
export const askEndpointOnce = {
  ...askEndpoint,
  retry: { maximumAttempts: 1 },
} as const satisfies ActivityOptions;

/** Short writes to our own database, tried until it is there. */
export const recordState = {
  startToCloseTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const satisfies LocalActivityOptions;

/** A statement may be long, and its provider away for hours; what was fetched says itself by heartbeats. */
export const fetchStatement = {
  startToCloseTimeout: '2h',
  scheduleToCloseTimeout: '1d',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
} as const satisfies ActivityOptions;

/** One comparison, set by set, of a day of any size. */
export const compareSets = {
  startToCloseTimeout: '15m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;

/** A provider that does not answer about one difference must not hold up the others for long. */
export const autoResolveOne = {
  startToCloseTimeout: '20s',
  retry: { ...askProvider.retry, maximumAttempts: 5 },
} as const satisfies ActivityOptions;

/** Short work on our own database and schedules, where nobody waits. */
export const keepBooks = {
  startToCloseTimeout: '1m',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions;

/** The relay runs for as long as it lives; a worker that dies is noticed by its missing heartbeat. */
export const relayForLong = {
  startToCloseTimeout: '2h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1s' },
} as const satisfies ActivityOptions;

/** One round of deliveries to one endpoint: bounded by the sender's own timeouts. */
export const deliverRound = {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;
