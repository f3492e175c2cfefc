import { createHash, randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import {
  dropOldAnswers,
  keepAnswer,
  releaseKey,
  reserveKey,
} from '../../db/queries/idempotency-answers.ts';
import type { KeyedRequest } from '../../db/queries/idempotency-answers.ts';
import { sealContext } from '../../db/sealed-columns.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { hasNoBody } from '../has-no-body.ts';
import { checkKey, keyInFlight, keyReused, replayed } from '../idempotency.ts';
import type { StoredResponse } from '../stored-response.ts';
import { takesEvents } from './takes-events.ts';
import { takesOrders } from './takes-orders.ts';

const dropEveryMs = 600_000;
const maxDropped = 1_000;
/** The response headers that are stored and replayed. */
const storedHeaders = ['content-type', 'location', 'etag'];

/**
 * Handles the Idempotency-Key of a merchant's POST (draft-ietf-httpapi-idempotency-key-header): the same request gets
 * the same bytes, another body 422, and a repeat while the first is under way 409. Only successful responses are
 * stored; a refusal releases the key. The routes of orders and events write their keys in their own transactions.
 */
export function answerOnce({
  db,
  sealer,
  logger,
}: Pick<ApiDeps, 'db' | 'sealer' | 'logger'>): MiddlewareHandler<AppEnv> {
  let nextDropMs = 0;

  function dropExpired(): void {
    if (Date.now() < nextDropMs) return;
    nextDropMs = Date.now() + dropEveryMs;
    dropOldAnswers(db, { limit: maxDropped }).catch((error: unknown) =>
      logger.warn({ err: error }, 'expired idempotency answers were not deleted'),
    );
  }

  async function requestOf(c: Context<AppEnv>, key: string): Promise<KeyedRequest> {
    const bytes = hasNoBody(c.req) ? '' : Buffer.from(await c.req.arrayBuffer());
    const { id: merchantId } = c.var.merchant;
    const path = c.req.path;
    return {
      id: sha256(JSON.stringify([merchantId, path, key])),
      merchantId,
      path,
      key,
      holder: randomUUID(),
      requestHash: sha256(bytes),
    };
  }

  return async (c, next) => {
    const keyHeader = c.req.header('idempotency-key');
    const isHandledByRoute = c.req.method !== 'POST' || takesEvents(c.req) || takesOrders(c.req);
    if (keyHeader === undefined || isHandledByRoute) return next();
    const request = await requestOf(c, checkKey(keyHeader));
    dropExpired();
    const reserved = await reserveKey(db, request);
    switch (reserved.kind) {
      case 'keyReused':
        throw keyReused();
      case 'inFlight':
        throw keyInFlight();
      case 'answered':
        return replayed(c, {
          status: reserved.status as ContentfulStatusCode,
          ...readAnswer(sealer.open(reserved.sealedAnswer, contextOf(request))),
        });
      case 'reserved':
    }
    const seal = ({ headers, body }: Pick<StoredResponse, 'headers' | 'body'>) =>
      sealer.seal(JSON.stringify({ headers, body }), contextOf(request));
    c.set('storeResponse', (tx, answer) =>
      keepAnswer(tx, { request, status: answer.status, sealedAnswer: seal(answer) }),
    );
    await next();
    if (!c.res.ok) return releaseKey(db, request);
    const { status, headers } = c.res;
    const fields = storedHeaders.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const body = await c.res.clone().text();
    await keepAnswer(db, {
      request,
      status,
      sealedAnswer: seal({ headers: Object.fromEntries(fields), body }),
    });
  };
}

const contextOf = ({ id }: KeyedRequest) => sealContext('idempotency_answers.answer', id);

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const readAnswer = (text: string) => JSON.parse(text) as Pick<StoredResponse, 'headers' | 'body'>;
