import type { KeyObject } from 'node:crypto';
import { judgeAttempt } from '../domain/delivery.ts';
import { nextAttempt } from '../domain/retry-schedule.ts';
import { secretContext } from '../db/queries/endpoints.ts';
import type { OutgoingDelivery } from '../db/queries/select-outgoing.ts';
import type { AttemptOutcome } from '../db/queries/record-attempts.ts';
import type { Sealer } from '../db/sealed.ts';
import type { Sender, SendResult } from './send.ts';
import { signingKey } from './sign.ts';

export type Attempter = (delivery: OutgoingDelivery) => Promise<AttemptOutcome>;

const keptKeys = 10_000;

/** Makes one attempt at a delivery and decides what it came to. The outcome is data, not yet written. */
export function createAttempter({ sender, sealer }: { sender: Sender; sealer: Sealer }): Attempter {
  const keys = new Map<string, KeyObject>();

  // Opened once, not at every attempt; bounded, because endpoints come and go.
  function keyOf({ endpointId, sealedSecret }: OutgoingDelivery): KeyObject {
    const known = keys.get(sealedSecret);
    if (known) return known;
    const key = signingKey(sealer.open(sealedSecret, secretContext(endpointId)));
    if (keys.size >= keptKeys) keys.clear();
    keys.set(sealedSecret, key);
    return key;
  }

  return async (delivery) => {
    const { eventId: id, url, body } = delivery;
    let key: KeyObject;
    try {
      key = keyOf(delivery);
    } catch {
      // One endpoint's secret that cannot be opened is that endpoint's trouble, not the relay's.
      return outcomeOf(delivery, unsendable('secret_unreadable'));
    }
    return outcomeOf(delivery, await sender.send({ id, url, key, body }));
  };
}

function unsendable(code: string): SendResult {
  return {
    result: { kind: 'error', code },
    responseBody: null,
    durationMs: 0,
    startedAt: new Date(),
  };
}

function outcomeOf(delivery: OutgoingDelivery, sent: SendResult): AttemptOutcome {
  const { eventId, endpointId } = delivery;
  const attempt = { eventId, endpointId, attempt: delivery.attempts + 1 };
  const verdict = judgeAttempt(sent.result);
  const statusCode = sent.result.kind === 'response' ? sent.result.statusCode : null;
  if (verdict.kind === 'delivered') {
    return { ...attempt, kind: 'delivered', statusCode: statusCode ?? 0 };
  }
  const failed = {
    statusCode,
    error: sent.result.kind === 'error' ? sent.result.code : null,
    responseBody: sent.responseBody,
    durationMs: sent.durationMs,
    startedAt: sent.startedAt,
  };
  if (verdict.kind === 'gone') return { ...attempt, ...failed, kind: 'dead', reason: 'gone' };
  const decision = nextAttempt({
    attempts: attempt.attempt,
    random: Math.random(),
    retryAfterMs: verdict.retryAfterMs,
  });
  return decision.kind === 'exhausted'
    ? { ...attempt, ...failed, kind: 'dead', reason: 'exhausted' }
    : { ...attempt, ...failed, kind: 'retry', delayMs: decision.delayMs };
}
