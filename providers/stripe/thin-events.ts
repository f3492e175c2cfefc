import { Stripe } from 'stripe';
import { z } from 'zod';
import type { ParsedNotification, ProviderEvent } from '../provider.ts';
import type { StripeAccount } from './account.ts';
import { faultOf, isMissing } from './errors.ts';
import { readingOf } from './news.ts';
import type { Reading } from './news.ts';
import { withOurNumber } from './our-number.ts';

export type SignedThinEvent = { rawBody: string; signature: string; secret: string };

const thinSchema = z.object({
  id: z.string(),
  livemode: z.boolean(),
  related_object: z.object({ id: z.string(), type: z.string() }).nullish(),
  /** The connected account, if the event is not of our own. The SDK parses it into an object. */
  context: z
    .instanceof(Stripe.StripeContext)
    .transform((context) => context.toString())
    .nullish(),
});

/**
 * Parses an event that only names its object. The object is fetched by type and id, not by the path in the event, to
 * find its payment; a payment's state is queried again later. https://docs.stripe.com/event-destinations#thin-payload
 */
export async function readThinEvent(
  account: StripeAccount,
  { rawBody, signature, secret }: SignedThinEvent,
): Promise<ParsedNotification> {
  const event = parse(account, { rawBody, signature, secret });
  if (!event) return { kind: 'rejected', reason: 'signed, but no thin event' };
  try {
    const read = event.related_object && (await fetchReading(account, event.related_object));
    if (!read) return { kind: 'verified', events: [] };
    const reading = await withOurNumber(account, read);
    return { kind: 'verified', events: [eventOf(account, event, reading)] };
  } catch (error) {
    // Deleted, or never ours: nothing can be queried.
    if (isMissing(error)) return { kind: 'verified', events: [] };
    return { kind: 'retryLater', reason: faultOf(error).message };
  }
}

function parse({ sdk }: StripeAccount, { rawBody, signature, secret }: SignedThinEvent) {
  try {
    return thinSchema.safeParse(sdk.parseEventNotification(rawBody, signature, secret)).data;
  } catch {
    return undefined;
  }
}

async function fetchReading(
  { sdk }: StripeAccount,
  { id, type }: { id: string; type: string },
): Promise<Reading | undefined> {
  switch (type) {
    case 'payment_intent':
      return readingOf('payment_intent.', await sdk.paymentIntents.retrieve(id));
    case 'checkout.session':
      return readingOf('checkout.session.', await sdk.checkout.sessions.retrieve(id));
    case 'refund':
      return readingOf('refund.', await sdk.refunds.retrieve(id));
    case 'dispute':
      return readingOf('charge.dispute.', await sdk.disputes.retrieve(id));
    default:
      return undefined;
  }
}

function eventOf(
  { accountId }: StripeAccount,
  { id, livemode, context }: z.infer<typeof thinSchema>,
  { news, about }: Reading,
): ProviderEvent {
  const appId = livemode ? 'live' : 'test';
  return {
    notificationId: id,
    binding: { appId, sellerId: context ?? accountId, ...about },
    news: news.kind === 'payment' ? { kind: 'hint' } : news,
  };
}
