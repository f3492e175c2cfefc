import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from '@hono/zod-openapi';
import type { Database } from '../db/database.ts';
import type { Transaction } from '../db/transaction.ts';
import { canonicalJson } from '../domain/json-value.ts';
import type { AppEnv } from './deps.ts';
import type { StoredResponse } from './stored-response.ts';
import { Problem } from './problems.ts';
import { refuseFields } from './refuse-fields.ts';

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** Validates an Idempotency-Key. Throws a problem if it is invalid. */
export function checkKey(key: string): string {
  const { data, error } = idempotencyKeySchema.safeParse(key);
  if (!error) return data;
  throw refuseFields(
    error.issues.map(({ message }) => ({ in: 'header', field: 'idempotency-key', message })),
  );
}

/** A hash of the content that is independent of the order of its fields. */
export function contentHashOf(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

export function keyReused(): Problem {
  return new Problem('idempotency-key-reused', 'This Idempotency-Key was used with another body.');
}

export function keyInFlight(): Problem {
  return new Problem(
    'idempotency-key-in-flight',
    'The first request with this key is still under way.',
    { headers: { 'retry-after': '1' } },
  );
}

/** Returns a stored response. */
export function replayed(c: Context<AppEnv>, { status, headers, body }: StoredResponse) {
  c.header('idempotency-replayed', 'true');
  return c.body(body, status, headers);
}

/**
 * Creates a resource and stores the response under the request's Idempotency-Key in one transaction. A crash leaves
 * both or neither, so a repeat finds the response and never creates a second resource.
 */
export async function createOnce<T>(
  c: Context<AppEnv>,
  db: Database,
  create: (
    db: Database | Transaction,
  ) => Promise<{ resource: T; status: ContentfulStatusCode; location?: string; body: object }>,
): Promise<{ resource: T; answer: Response }> {
  const storeAnswer = c.var.storeResponse;
  const answerOf = ({
    status,
    location,
    body,
  }: Awaited<ReturnType<typeof create>>): StoredResponse => ({
    status,
    headers: { 'content-type': 'application/json', ...(location !== undefined && { location }) },
    body: JSON.stringify(body),
  });
  const created = storeAnswer
    ? await db.transaction(async (tx) => {
        const resource = await create(tx);
        // Another attempt has taken over the key and creates the resource.
        if (!(await storeAnswer(tx, answerOf(resource)))) throw keyInFlight();
        return resource;
      })
    : await create(db);
  const { status, headers, body } = answerOf(created);
  return { resource: created.resource, answer: c.body(body, status, headers) };
}
