import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from '@hono/zod-openapi';
import type { Database } from '../db/database.ts';
import type { Transaction } from '../db/transaction.ts';
import { canonicalJson } from '../domain/json-value.ts';
import type { AppEnv } from './deps.ts';
import type { KeptAnswer } from './kept-answer.ts';
import { Problem } from './problems.ts';
import { refuseFields } from './refuse-fields.ts';

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** The key as it was given. Throws the problem that says what is wrong with it. */
export function checkKey(key: string): string {
  const { data, error } = idempotencyKeySchema.safeParse(key);
  if (!error) return data;
  throw refuseFields(
    error.issues.map(({ message }) => ({ in: 'header', field: 'idempotency-key', message })),
  );
}

/** The same for the same content, whatever the order of its fields. */
export function contentHashOf(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

export function keyReused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'This Idempotency-Key came with another body before.',
  );
}

export function keyInFlight(): Problem {
  return new Problem(
    'idempotency-key-in-flight',
    'The first request with this key has no answer yet.',
    { headers: { 'retry-after': '1' } },
  );
}

/** Says again what was answered before. */
export function replayed(c: Context<AppEnv>, { status, headers, body }: KeptAnswer) {
  c.header('idempotency-replayed', 'true');
  return c.body(body, status, headers);
}

/**
 * Creates something, and keeps its answer under the request's Idempotency-Key in the same transaction: a process that
 * dies leaves both or neither, so a repeat finds the answer and never creates a second one.
 */
export async function createOnce<T>(
  c: Context<AppEnv>,
  db: Database,
  create: (
    db: Database | Transaction,
  ) => Promise<{ made: T; status: ContentfulStatusCode; location?: string; body: object }>,
): Promise<{ made: T; answer: Response }> {
  const keep = c.var.keepAnswer;
  const answerOf = ({
    status,
    location,
    body,
  }: Awaited<ReturnType<typeof create>>): KeptAnswer => ({
    status,
    headers: { 'content-type': 'application/json', ...(location !== undefined && { location }) },
    body: JSON.stringify(body),
  });
  const created = keep
    ? await db.transaction(async (tx) => {
        const made = await create(tx);
        // Whoever took the key over has done it, or is about to.
        if (!(await keep(tx, answerOf(made)))) throw keyInFlight();
        return made;
      })
    : await create(db);
  const { status, headers, body } = answerOf(created);
  return { made: created.made, answer: c.body(body, status, headers) };
}
