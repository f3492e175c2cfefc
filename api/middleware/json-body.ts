import { createMiddleware } from 'hono/factory';
import { readJson } from '../../domain/read-json.ts';
import type { AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';
import { readBody } from '../read-body.ts';
import { refuseFields } from '../refuse-fields.ts';
import { takesEvents } from './takes-events.ts';

/**
 * Refuses a body that is not declared as JSON, is not UTF-8, or that JSON parsers read differently. The route that
 * publishes events reads its own body in several formats.
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
