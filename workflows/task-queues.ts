/**
 * The task queue of activities that wait for a merchant's receiver. It is separate, so that hanging receivers cannot
 * take the slots of payments, refunds and the relay.
 */
export const receiversQueue = (taskQueue: string): string => `${taskQueue}-receivers`;
