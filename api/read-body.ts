import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import type { AppEnv } from './deps.ts';
import { hasNoBody } from './has-no-body.ts';
import { Problem } from './problems.ts';
import type { ProblemSlug } from './problems.ts';

/**
 * The text of a body that is declared as this media type and is UTF-8; undefined where there is none, whatever it is
 * declared as. Throws a `Problem` for what is declared otherwise, encoded, or no UTF-8 (`malformed`).
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
  const type = req.header('content-type') ?? refuse('not declared as anything');
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
