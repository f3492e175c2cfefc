import { Problem } from './problems.ts';
import type { FieldError, ProblemSlug } from './problems.ts';

/** The maximum number of field errors in a problem. */
export const maxErrors = 50;

/** A problem with one entry per field error, at most `maxErrors`. */
export function refuseFields(
  errors: readonly FieldError[],
  slug: ProblemSlug = 'invalid-request',
): Problem {
  const shown = errors.slice(0, maxErrors);
  const named = shown.map(({ field, message }) => `${field || 'body'} ${message}`).join('; ');
  return new Problem(slug, named, { extensions: { errors: shown } });
}
