import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';
import { takesEvents } from './takes-events.ts';

const ordinaryBytes = 64 * 1_024;
const publishedBytes = 4 * 1_024 * 1_024;

/** Refuses bodies that are too large before they are read; publishing events allows larger ones. */
export const limitBody = createMiddleware<AppEnv>(async (c, next) => {
  // The body of a GET or HEAD is never read.
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
  const limit = takesEvents(c.req) ? published : ordinary;
  const declared = c.req.header('content-length');
  // The HTTP parser enforces a declared length; only a body without one is counted while it is read.
  if (declared === undefined || c.req.header('transfer-encoding') !== undefined) {
    return limit.measure(c, next);
  }
  if (Number(declared) > limit.maxBytes) limit.refuse();
  return next();
});

const ordinary = limitOf(ordinaryBytes);
const published = limitOf(publishedBytes);

function limitOf(maxBytes: number) {
  const refuse = (): never => {
    throw new Problem('content-too-large', `The body is larger than ${maxBytes} bytes.`);
  };
  return { maxBytes, refuse, measure: bodyLimit({ maxSize: maxBytes, onError: refuse }) };
}
