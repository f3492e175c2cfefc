import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { lookUpEndpoint } from '../../db/queries/endpoints.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { Message } from '../../db/queries/messaging/create-request.ts';
import { lookUpMessage } from '../../db/queries/messaging/find-message.ts';
import { recordReply } from '../../db/queries/messaging/record-reply.ts';
import {
  mostReplyChars,
  readAnswer,
  requestEnvelopeOf,
  requestEventId,
} from '../../domain/exchange.ts';
import type { MessageId } from '../../domain/ids.ts';
import { priorityRank } from '../../domain/delivery.ts';
import { createAttempter } from '../../delivery/send/attempt.ts';
import type { Sender, SendResult } from '../../delivery/send/send.ts';
import type { AskedReceiver } from '../../workflows/activities.ts';
import type { ActivityDeps } from '../deps.ts';
import { whileBeating } from '../while-beating.ts';

const heartbeatEveryMs = 1_500;
// The retry waits of a request: shorter than an event's, and long enough for any request's deadline. An endpoint's own
// schedule takes precedence, as does its rule for `message.request`.
const requestRetrySeconds = [
  ...[1, 2, 4, 8, 16, 32],
  ...Array.from({ length: 30 }, () => 60),
  ...Array.from({ length: 340 }, () => 1_800),
];

/**
 * Calls an endpoint with a request as events are delivered (format, signature, access, target guard; the same
 * `webhook-id` at every attempt), and records the reply if the answer contains one. Throws an ApplicationFailure to be
 * retried.
 */
export async function askReceiver(
  deps: Pick<ActivityDeps, 'db' | 'sender' | 'sealer'>,
  { messageId }: { messageId: MessageId },
): Promise<AskedReceiver> {
  const { db } = deps;
  const message = await lookUpMessage(db, { messageId });
  if (!message) throw new Error(`message ${messageId} does not exist`);
  if (message.status !== 'pending') return { kind: 'over' };
  const endpoint =
    message.toEndpointId && (await lookUpEndpoint(db, { endpointId: message.toEndpointId }));
  if (!endpoint) return { kind: 'unreachable' };
  if (endpoint.status !== 'enabled') throw unanswered(`the endpoint is ${endpoint.status}`);

  const { outcome, answer } = await whileBeating({ everyMs: heartbeatEveryMs }, () =>
    send(deps, message, endpoint),
  );
  if (outcome.kind === 'dropped') return { kind: 'over' };
  if (outcome.kind === 'dead') return { kind: 'unreachable' };
  if (outcome.kind === 'retry') {
    const why = outcome.error ?? `status ${outcome.statusCode}`;
    throw unanswered(`the endpoint could not be reached: ${why}`, outcome.delayMs);
  }
  const reading = readAnswer({
    contentType: answer?.responseHeaders?.['content-type'],
    body: answer?.responseBody ?? null,
  });
  if (reading.kind === 'none') return { kind: 'taken' };
  if (reading.kind === 'unreadable') throw unanswered(reading.why);
  const { toMerchantId: merchantId } = message;
  await recordReply(db, { merchantId, messageId, body: reading.body, via: 'answer' });
  return { kind: 'over' };
}

async function send(
  { sender, sealer }: Pick<ActivityDeps, 'sender' | 'sealer'>,
  message: Message,
  endpoint: Endpoint,
) {
  let answer: SendResult | undefined;
  const keepsAnswer: Sender = {
    ...sender,
    send: async (outgoing) => {
      // One more than a reply may have, so that a longer answer is recognised as too long.
      const keepsChars = mostReplyChars + 1;
      answer = await sender.send({ ...outgoing, keepsBody: true, keepsChars });
      return answer;
    },
  };
  const outcome = await createAttempter({ sender: keepsAnswer, sealer })({
    eventId: requestEventId(message),
    type: 'message.request',
    resourceId: message.id,
    occurredAt: message.createdAt,
    body: requestEnvelopeOf(message),
    position: 0,
    priority: priorityRank.normal,
    orderKey: null,
    isLatestOnly: false,
    isAtMostOnce: false,
    expiresAt: message.expiresAt,
    attempts: Context.current().info.attempt - 1,
    endpoint: { ...endpoint, retrySeconds: endpoint.retrySeconds ?? requestRetrySeconds },
  });
  return { outcome, answer };
}

function unanswered(message: string, nextRetryDelay?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'receiver.unanswered',
    message,
    category: ApplicationFailureCategory.BENIGN,
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
  });
}
