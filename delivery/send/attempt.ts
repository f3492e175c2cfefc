import { judgeAttempt } from '../../domain/delivery.ts';
import { matchesAny } from '../../domain/events.ts';
import { nextAttempt } from '../../domain/retry-schedule.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { Sealer } from '../../db/sealed.ts';
import { CallCancelled } from '../../outbound/calls.ts';
import type { Oauth2Auth } from './access.ts';
import type { Composed } from './compose.ts';
import { createComposeInTurn } from './compose-in-turn.ts';
import { keptText } from './kept-answer.ts';
import { createPreparer } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { cancelledCode } from './send.ts';
import type { Attempted, Sender } from './send.ts';
import { signatureOf } from './sign.ts';
import type { Sent } from '../queue/traffic.ts';
import { createTokens } from './tokens.ts';

export type Attempter = (delivery: OutgoingDelivery) => Promise<AttemptOutcome>;

/**
 * Makes one attempt at a delivery and decides its outcome, which is returned as data and not yet written. Throws
 * `CallCancelled` if its caller goes away before there is one.
 */
export function createAttempter({
  sender,
  sealer,
  onSent = () => {},
}: {
  sender: Sender;
  sealer: Sealer;
  onSent?: (sent: Sent) => void;
}): Attempter {
  const prepare = createPreparer({ sealer });
  const tokens = createTokens({ fetch: sender.fetch });
  const composeInTurn = createComposeInTurn();

  async function send(delivery: OutgoingDelivery): Promise<Attempted> {
    const prepared = prepare(delivery.endpoint);
    if ('error' in prepared) return unsent(prepared.error);
    const composed = await composeInTurn(delivery.endpoint, () => composeWith(prepared, delivery));
    if (!composed) return unsent('unencodable');
    const { auth } = prepared.access;
    if (auth.kind === 'oauth2') return sendWithToken(delivery, prepared, composed, auth);
    return sendSigned(delivery, prepared, composed);
  }

  function sendSigned(
    { eventId: id, type, resourceId, endpoint }: OutgoingDelivery,
    { keys, access: { auth } }: Prepared,
    { contentType, headers, body }: Composed,
  ): Promise<Attempted> {
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    headers['webhook-timestamp'] = String(timestampSeconds);
    headers['webhook-signature'] = signatureOf({ id, timestampSeconds, body, keys: keys() });
    const { id: endpointId, url, destination } = endpoint;
    if (destination) {
      const target = { endpointId, url, destination, auth };
      return sender.publish(target, { id, type, resourceId, contentType, headers, body });
    }
    const mtls = auth.kind === 'mtls' ? auth : undefined;
    return sender.send({ url, headers, body, mtls });
  }

  async function sendWithToken(
    delivery: OutgoingDelivery,
    prepared: Prepared,
    composed: Composed,
    auth: Oauth2Auth,
  ): Promise<Attempted> {
    // Any failure of the token server is a failed attempt.
    const token = await tokens.of(auth).catch(reasonOf);
    if (typeof token !== 'string') return unsent('oauth2_token', token.reason);
    composed.headers['authorization'] = `Bearer ${token}`;
    const sent = await sendSigned(delivery, prepared, composed);
    const isRefused = sent.result.kind === 'response' && sent.result.statusCode === 401;
    if (isRefused) tokens.drop(auth, token);
    return sent;
  }

  return async (delivery) => {
    const { eventId, endpoint, expiresAt, attempts } = delivery;
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      const endpointId = endpoint.id;
      return { kind: 'dropped', reason: 'expired', eventId, endpointId, attempt: attempts };
    }
    const sent = await send(delivery);
    if (isCancelled(sent)) throw new CallCancelled('the attempt was aborted');
    const outcome = outcomeOf(delivery, sent);
    onSent({
      endpointId: endpoint.id,
      isDelivered: outcome.kind === 'delivered',
      waitingMs: sent.startedAt.getTime() - delivery.occurredAt.getTime(),
      transferMs: sent.durationMs,
    });
    return outcome;
  };
}

const isCancelled = ({ result }: Attempted) =>
  result.kind === 'error' && result.code === cancelledCode;

/** No event may make its sender fail. */
function composeWith({ compose }: Prepared, delivery: OutgoingDelivery): Composed | undefined {
  try {
    return compose(delivery);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): { reason: string } {
  return { reason: error instanceof Error ? keptText(error.message) : '' };
}

/** `text`: an explanation in place of the receiver's answer. */
function unsent(code: string, text: string | null = null): Attempted {
  return {
    result: { kind: 'error', code },
    responseBody: text,
    responseHeaders: null,
    durationMs: 0,
    startedAt: new Date(),
  };
}

function outcomeOf(delivery: OutgoingDelivery, sent: Attempted): AttemptOutcome {
  const { eventId, endpoint } = delivery;
  const endpointId = endpoint.id;
  const attempt = delivery.attempts + 1;
  const verdict = judgeAttempt(sent.result);
  const statusCode = sent.result.kind === 'response' ? sent.result.statusCode : null;
  if (verdict.kind === 'delivered') {
    return { kind: 'delivered', eventId, endpointId, attempt, statusCode };
  }
  const failed = {
    eventId,
    endpointId,
    attempt,
    statusCode,
    error: sent.result.kind === 'error' ? sent.result.code : null,
    responseBody: sent.responseBody,
    responseHeaders: sent.responseHeaders,
    durationMs: sent.durationMs,
    startedAt: sent.startedAt,
  };
  if (verdict.kind === 'gone') return { ...failed, kind: 'dead', reason: 'gone' };
  const decision = nextAttempt(
    { attempts: attempt, random: Math.random(), retryAfterMs: verdict.retryAfterMs },
    scheduleMsOf(delivery),
  );
  if (decision.kind === 'exhausted') {
    return { ...failed, kind: 'dead', reason: 'exhausted' };
  }
  const { delayMs } = decision;
  const isThrottled = statusCode === 429 || statusCode === 503;
  return {
    ...failed,
    kind: 'retry',
    delayMs,
    ...(isThrottled &&
      verdict.retryAfterMs !== undefined && {
        // Limited like the delay: a receiver cannot ask for years.
        retryAfterMs: Math.min(verdict.retryAfterMs, delayMs),
      }),
  };
}

/** The waits of the first rule that has some for the event's type, else the endpoint's, else the platform's. */
function scheduleMsOf(delivery: OutgoingDelivery): readonly number[] | undefined {
  const { type, endpoint, isAtMostOnce } = delivery;
  if (isAtMostOnce) return [];
  const rule = endpoint.rules.find(
    ({ eventTypes, retrySeconds }) => retrySeconds && matchesAny(eventTypes, type),
  );
  const seconds = rule?.retrySeconds ?? endpoint.retrySeconds;
  return seconds?.map((wait) => wait * 1_000);
}
