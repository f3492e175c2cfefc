import { Problem } from './problems.ts';
import type { FieldError, ProblemSlug } from './problems.ts';

/** How many an answer names. */
export const mostErrors = 50;

/** The problem that names what is wrong, field by field; of very many the first. */
export function refuseFields(
  errors: readonly FieldError[],
  slug: ProblemSlug = 'invalid-request',
): Problem {
  const shown = errors.slice(0, mostErrors);
  const named = shown.map(({ field, message }) => `${field || 'body'} ${message}`).join('; ');
  return new Problem(slug, named, { extensions: { errors: shown } });
}
