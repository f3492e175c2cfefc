import { Problem } from './problems.ts';
import type { FieldError, ProblemSlug } from './problems.ts';

/** The maximum number of field errors in a problem. */
export const mostErrors = 50;

/** A problem with one entry per field error, at most `mostErrors`. */
export function refuseFields(
  errors: readonly FieldError[],
  slug: ProblemSlug = 'invalid-request',
): Problem {
  const shown = errors.slice(0, mostErrors);
  const named = shown.map(({ field, message }) => `${field || 'body'} ${message}`).join('; ');
  return new Problem(slug, named, { extensions: { errors: shown } });
}
