import { z } from 'zod';
import type {
  NotificationAck,
  ParsedNotification,
  ProviderEvent,
  RawNotification,
} from '../provider.ts';
import type { StripeAccount } from './account.ts';
import { faultOf } from './errors.ts';
import { readingOf } from './news.ts';
import { withOurNumber } from './our-number.ts';
import { verifySignature } from './signature.ts';
import { isoOfSeconds } from './status.ts';
import { readThinEvent } from './thin-events.ts';
import { noticeOfVersion } from './versions.ts';

/**
 * Parses a webhook delivery, with the whole object (snapshot) or only its id (thin). Never throws: an unverifiable
 * delivery is rejected. https://docs.stripe.com/webhooks
 */
export async function readNotification(
  account: StripeAccount,
  secrets: readonly string[],
  { rawBody, headers }: RawNotification,
): Promise<ParsedNotification> {
  const signature = headers['stripe-signature'] ?? '';
  const verdict = verifySignature(rawBody, signature, secrets, Date.now());
  if ('reason' in verdict) return { kind: 'rejected', reason: verdict.reason };
  const body = parseJson(rawBody);
  const kind = z.object({ object: z.string() }).safeParse(body);
  if (kind.data?.object === 'v2.core.event') {
    return readThinEvent(account, { rawBody, signature, secret: verdict.secret });
  }
  const event = snapshotSchema.safeParse(body);
  if (!event.success) return { kind: 'rejected', reason: 'signed, but no event' };
  try {
    const { events, notice: ofObject } = await eventsOf(account, event.data);
    const notice = ofObject ?? noticeOfVersion(event.data.api_version);
    return { kind: 'verified', events, ...(notice !== undefined && { notice }) };
  } catch (error) {
    return { kind: 'retryLater', reason: faultOf(error).message };
  }
}

/** Stripe accepts any 2xx; anything else is redelivered for up to three days. */
export function acknowledgeNotification(
  answer: 'accepted' | 'rejected' | 'retryLater',
): NotificationAck {
  if (answer === 'accepted') return { status: 200, body: 'ok', contentType: 'text/plain' };
  return { status: answer === 'rejected' ? 400 : 500, body: answer, contentType: 'text/plain' };
}

const snapshotSchema = z.object({
  object: z.literal('event'),
  id: z.string(),
  type: z.string(),
  created: z.int(),
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  /** Set if the event concerns an account connected to ours. */
  account: z.string().nullish(),
  data: z.object({ object: z.unknown() }),
});

type Snapshot = z.infer<typeof snapshotSchema>;

async function eventsOf(
  account: StripeAccount,
  event: Snapshot,
): Promise<{ events: ProviderEvent[]; notice?: string | undefined }> {
  const read = readingOf(event.type, event.data.object);
  if (!read) return { events: [] };
  const reading = await withOurNumber(account, read);
  const { news } = reading;
  if (event.type === 'payment_intent.succeeded' && news.kind === 'payment') {
    // The PaymentIntent has no payment time; this event's creation is it.
    if (news.report.status === 'succeeded') news.report.paidAt ??= isoOfSeconds(event.created);
  }
  const appId = event.livemode ? 'live' : 'test';
  const binding = { appId, sellerId: event.account ?? account.accountId, ...reading.about };
  return { events: [{ notificationId: event.id, binding, news }], notice: reading.notice };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
