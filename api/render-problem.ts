import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { z } from '@hono/zod-openapi';
import { isDatabaseAway } from '../db/database-errors.ts';
import { pointerPart } from '../domain/json-value.ts';
import type { ApiDeps, AppEnv } from './deps.ts';
import { Problem, problemTypes } from './problems.ts';
import type { FieldError, ProblemSlug } from './problems.ts';
import { shownPath } from './shown-path.ts';

/** The error that Node throws if the connection closes before the body ends. */
const isAborted = (error: Error): boolean =>
  error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET';

/** Returns an error as problem+json (RFC 9457). Unexpected errors are logged and not shown. */
export function renderProblem(
  error: Error,
  c: Context<AppEnv>,
  { logger, publicUrl }: Pick<ApiDeps, 'logger' | 'publicUrl'>,
): Response {
  const problem = asProblem(error);
  const path = shownPath(c.req);
  if (isAborted(error)) {
    // Not an alert, because any client can cause it.
    logger.info(
      { requestId: c.var.requestId, path },
      'the client closed the connection during the request',
    );
  } else if (problem.slug === 'internal-error' || problem.slug === 'unavailable') {
    logger.error({ err: error, requestId: c.var.requestId, path }, 'request failed');
  }
  const { status, title } = problemTypes[problem.slug];
  const body = {
    type: `${publicUrl}/problems/${problem.slug}`,
    title,
    status,
    detail: problem.message,
    instance: c.var.requestId,
    ...problem.extensions,
  };
  return c.body(JSON.stringify(body), status, {
    ...problem.headers,
    'content-type': 'application/problem+json',
  });
}

/** The problem types of the framework's own errors, by status. */
const slugOfStatus: ReadonlyMap<number, ProblemSlug> = new Map([
  [400, 'malformed-json'],
  [413, 'content-too-large'],
  [415, 'unsupported-media-type'],
]);

function asProblem(error: Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException) {
    const slug = slugOfStatus.get(error.status);
    if (slug) return new Problem(slug, error.message);
  }
  if (isDatabaseAway(error)) {
    return new Problem('unavailable', 'The database does not answer.', {
      headers: { 'retry-after': '1' },
    });
  }
  return new Problem('internal-error', 'The request could not be processed.');
}

const places = { json: 'body', query: 'query', header: 'header', param: 'path' } as const;

/** Converts schema issues to one entry per field, unknown fields included. */
export function fieldErrors(target: string, issues: z.core.$ZodIssue[]): FieldError[] {
  const place = places[target as keyof typeof places] ?? 'body';
  const name = (path: readonly PropertyKey[]) =>
    place === 'body'
      ? path.map((part) => `/${pointerPart(String(part))}`).join('')
      : path.map(String).join('.');
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          in: place,
          field: name([...issue.path, key]),
          message: 'is not a field of this request',
        }))
      : [{ in: place, field: name(issue.path), message: issue.message }],
  );
}
