import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';
import { takesEvents } from './takes-events.ts';

/** A body that is not declared as JSON is refused before it is read as if it were. */
export const jsonOnly = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header('content-type');
  const isJson = type === undefined || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type);
  if (!isJson && !takesEvents(c.req) && c.req.raw.body !== null) {
    throw new Problem('unsupported-media-type', `The body is declared as ${type}.`);
  }
  await next();
});
