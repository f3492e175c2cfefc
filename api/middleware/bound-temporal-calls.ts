import { createMiddleware } from 'hono/factory';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { takesEvents } from './takes-events.ts';

// What a workflow was not told by then, the recovery job redelivers.
const timeoutMs = 10_000;

/** Gives the calls to Temporal that a request makes one deadline: a server that does not answer holds nobody. */
export function boundTemporalCalls({ client }: Pick<ApiDeps, 'client'>) {
  return createMiddleware<AppEnv>((c, next) =>
    // The way of events calls nobody, and is the one that is worth sparing.
    takesEvents(c.req) ? next() : client.withDeadline(Date.now() + timeoutMs, next),
  );
}
