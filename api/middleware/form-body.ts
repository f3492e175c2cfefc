import { isUtf8 } from 'node:buffer';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps.ts';
import { hasNoBody } from '../has-no-body.ts';
import { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';

/** The pages' own forms are urlencoded, in UTF-8, with each field once: anything else comes from no page. */
export const formBody = createMiddleware<AppEnv>(async (c, next) => {
  if (hasNoBody(c.req)) return next();
  const type = c.req.header('content-type');
  const bytes = Buffer.from(await c.req.arrayBuffer());
  if (bytes.byteLength === 0) return next();
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type ?? '')) {
    const declared = type === undefined ? 'not declared as anything' : `declared as ${type}`;
    throw new Problem('unsupported-media-type', `The body is ${declared}.`);
  }
  if (!isUtf8(bytes)) throw new Problem('malformed-form', 'The body is not UTF-8.');
  const names = new Set<string>();
  for (const pair of bytes.toString().split('&')) {
    if (pair === '') continue;
    const [name = '', ...values] = pair.split('=');
    const decoded = decode(name);
    if (decoded === undefined || decode(values.join('=')) === undefined) {
      throw new Problem('malformed-form', 'A field is not percent-encoded UTF-8.');
    }
    if (names.has(decoded)) {
      throw refuseFields([{ in: 'body', field: decoded, message: 'is there twice' }]);
    }
    names.add(decoded);
  }
  return next();
});

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
