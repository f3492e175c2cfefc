import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import type { AppEnv } from './deps.ts';
import { hasNoBody } from './has-no-body.ts';
import { Problem } from './problems.ts';
import type { ProblemSlug } from './problems.ts';

/**
 * Reads the text of a body with this media type in UTF-8; undefined without a body, whatever its content type. Throws a
 * `Problem` for another media type, charset or encoding, and `malformed` for invalid UTF-8.
 */
export async function readBody(
  { req }: Context<AppEnv>,
  { mediaType, malformed }: { mediaType: string; malformed: ProblemSlug },
): Promise<string | undefined> {
  if (hasNoBody(req)) return undefined;
  const bytes = Buffer.from(await req.arrayBuffer());
  if (bytes.byteLength === 0) return undefined;
  const refuse = (how: string) => {
    throw new Problem('unsupported-media-type', `The body is ${how}.`);
  };
  const type = req.header('content-type') ?? refuse('without a content type');
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== mediaType) refuse(`declared as ${type}`);
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    refuse(`declared as ${charset}, not UTF-8`);
  }
  const encoding = req.header('content-encoding');
  if (encoding !== undefined && !/^identity$/i.test(encoding)) {
    refuse(`declared as encoded by ${encoding}`);
  }
  if (!isUtf8(bytes)) throw new Problem(malformed, 'The body is not UTF-8.');
  return bytes.toString();
}
