import { createMiddleware } from 'hono/factory';
import { readJson } from '../../domain/read-json.ts';
import type { AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';
import { readBody } from '../read-body.ts';
import { refuseFields } from '../refuse-fields.ts';
import { takesEvents } from './takes-events.ts';

/**
 * A body is declared as JSON, is UTF-8, and is taken by every reader of JSON for the same: what is not is refused
 * before a route reads it. The one that takes events sees to its own, in whatever format they come.
 */
export const jsonBody = createMiddleware<AppEnv>(async (c, next) => {
  if (takesEvents(c.req)) return next();
  const text = await readBody(c, { mediaType: 'application/json', malformed: 'malformed-json' });
  if (text === undefined) return next();
  const reading = readJson(text);
  if (reading.kind === 'malformed') throw new Problem('malformed-json', reading.reason);
  if (reading.kind === 'refused') {
    const { path, message } = reading.problem;
    throw refuseFields([{ in: 'body', field: path, message }]);
  }
  return next();
});
