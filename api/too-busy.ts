import { Problem } from './problems.ts';

const retryAfterSeconds = '5';

/** The problem of a merchant whose queue for worker threads is full. */
export function tooBusy(): Problem {
  return new Problem('too-many-requests', 'Too many of your requests are queued.', {
    headers: { 'retry-after': retryAfterSeconds },
  });
}
