import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { takesEvents } from './takes-events.ts';

// The recovery job redelivers commands that were not signalled within this time.
const timeoutMs = 10_000;

/** Sets one deadline for a request's calls to Temporal, so that a Temporal outage blocks no request. */
export function boundTemporalCalls({ client }: Pick<ApiDeps, 'client'>) {
  return createMiddleware<AppEnv>((c, next) =>
    // Publishing events does not call Temporal, and is the hot path.
    takesEvents(c.req) ? next() : client.withDeadline(Date.now() + timeoutMs, next),
  );
}
