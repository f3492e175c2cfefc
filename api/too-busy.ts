import { Problem } from './problems.ts';

const retryAfterSeconds = '5';

/** For a merchant that has as much under way already as may hold up nobody else. */
export function tooBusy(): Problem {
  return new Problem('too-many-requests', 'Too many of your requests wait for each other.', {
    headers: { 'retry-after': retryAfterSeconds },
  });
}
