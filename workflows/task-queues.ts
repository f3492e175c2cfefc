/**
 * Where the activities run that wait for a merchant's receiver. Apart from all others: receivers that hang, however
 * many, must not hold the slots that payments, refunds and the relay need.
 */
export const receiversQueue = (taskQueue: string): string => `${taskQueue}-receivers`;
