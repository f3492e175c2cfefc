import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';
import { readBody } from '../read-body.ts';
import { refuseFields } from '../refuse-fields.ts';

/** Refuses form bodies that our pages cannot send: not urlencoded UTF-8, or with a repeated field. */
export const formBody = createMiddleware<AppEnv>(async (c, next) => {
  const text = await readBody(c, {
    mediaType: 'application/x-www-form-urlencoded',
    malformed: 'malformed-form',
  });
  if (text === undefined) return next();
  const names = new Set<string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const [name = '', ...values] = pair.split('=');
    const decoded = decode(name);
    if (decoded === undefined || decode(values.join('=')) === undefined) {
      throw new Problem('malformed-form', 'A field is not percent-encoded UTF-8.');
    }
    if (names.has(decoded)) {
      throw refuseFields([{ in: 'body', field: decoded, message: 'must not be repeated' }]);
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
