import { isUtf8 } from 'node:buffer';
import { createMiddleware } from 'hono/factory';
import { readJson } from '../../domain/read-json.ts';
import type { AppEnv } from '../deps.ts';
import { hasNoBody } from '../has-no-body.ts';
import { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';
import { takesEvents } from './takes-events.ts';

/**
 * A body is declared as JSON, is UTF-8, and is taken by every reader of JSON for the same: what is not is refused
 * before a route reads it. The one that takes events sees to its own, in whatever format they come.
 */
export const jsonBody = createMiddleware<AppEnv>(async (c, next) => {
  if (takesEvents(c.req) || hasNoBody(c.req)) return next();
  const type = c.req.header('content-type');
  const bytes = Buffer.from(await c.req.arrayBuffer());
  // Clients that have nothing to say may declare it as anything.
  if (bytes.byteLength === 0) return next();
  if (type === undefined) {
    throw new Problem('unsupported-media-type', 'The body is not declared as anything.');
  }
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('unsupported-media-type', `The body is declared as ${type}.`);
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new Problem('unsupported-media-type', `The body is declared as ${charset}, not UTF-8.`);
  }
  const encoding = c.req.header('content-encoding');
  if (encoding !== undefined && !/^identity$/i.test(encoding)) {
    throw new Problem('unsupported-media-type', `The body is declared as encoded by ${encoding}.`);
  }
  if (!isUtf8(bytes)) throw new Problem('malformed-json', 'The body is not UTF-8.');
  const reading = readJson(bytes.toString());
  if (reading.kind === 'malformed') throw new Problem('malformed-json', reading.reason);
  if (reading.kind === 'refused') {
    const { path, message } = reading.problem;
    throw refuseFields([{ in: 'body', field: path, message }]);
  }
  return next();
});
