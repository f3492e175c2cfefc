import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { z } from 'zod';
import { envelopeOf } from '../../domain/events.ts';
import type { OrderId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import { ensureSigningSecret } from '../../db/queries/signing-secret.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { userAgent } from '../../delivery/send/send.ts';
import { newSecret, signedHeaders, signingKey } from '../../delivery/send/sign.ts';
import type { ActivityDeps } from '../deps.ts';

const answerSchema = z.object({ answer: z.enum(['accept', 'reject']) });

/**
 * Sends the merchant a signed request (Standard Webhooks; the same id at every attempt) to accept or reject an order
 * that has its money. A 2xx with `{"answer":"accept"|"reject"}` is the answer; anything else is retried until the
 * deadline.
 */
export async function askToConfirm(
  { db, sealer, sender }: ActivityDeps,
  { orderId }: { orderId: OrderId },
): Promise<{ confirmation: 'accepted' | 'rejected' }> {
  const read = await readOrder(db, { orderId });
  const { order } = read;
  if (order.confirmation === 'accepted' || order.confirmation === 'rejected') {
    return { confirmation: order.confirmation };
  }
  const secret = await ensureSigningSecret(
    { db, sealer },
    { merchantId: order.merchantId, make: () => newSecret('hmac').secret },
  );
  const id = `confirm_${order.id}`;
  const body = envelopeOf({
    id,
    type: 'order.confirm',
    timestamp: order.updatedAt.toISOString(),
    data: snapshotOf(order, read),
  });
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const { result, responseBody } = await sender.send({
    url: order.confirmUrl ?? '',
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...signedHeaders({ id, timestampSeconds, body, keys: [signingKey(secret)] }),
    },
    body,
    keepsBody: true,
  });
  const isSuccess =
    result.kind === 'response' && result.statusCode >= 200 && result.statusCode < 300;
  const parsed = isSuccess ? parse(responseBody) : undefined;
  if (parsed) return { confirmation: parsed.answer === 'accept' ? 'accepted' : 'rejected' };
  throw ApplicationFailure.create({
    type: 'merchant.unanswered',
    message:
      result.kind === 'error'
        ? `the merchant could not be reached: ${result.code}`
        : `the merchant answered ${result.statusCode} without {"answer":"accept"} or {"answer":"reject"}`,
    category: ApplicationFailureCategory.BENIGN,
    ...(result.kind === 'response' &&
      result.retryAfterMs !== undefined && { nextRetryDelay: result.retryAfterMs }),
  });
}

function parse(body: string | null) {
  try {
    return answerSchema.safeParse(JSON.parse(body ?? '')).data;
  } catch {
    return undefined;
  }
}
