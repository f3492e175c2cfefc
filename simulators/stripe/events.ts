import type { Account, NotificationDraft } from '../kit/book.ts';
import type { Happening } from '../kit/platform.ts';
import {
  chargeObject,
  disputeObject,
  paymentIntentObject,
  refundObject,
  sessionObject,
} from './api-objects.ts';
import type { ApiObject } from './api-objects.ts';
import { newId } from './ids.ts';

/** The events of the account's one webhook endpoint; none before it has one. */
export function announceTo(account: Account | undefined, happening: Happening) {
  const url = account?.details['webhookUrl'];
  if (!account || !url) return [];
  const isThin = account.details['style'] === 'thin';
  return eventsOf(happening).map(({ type, object }): NotificationDraft => {
    const id = newId('evt_1', 22);
    const livemode = account.details['mode'] === 'live';
    const event = { id, type, object, livemode, atMs: timeOf(happening) };
    return { id, type, url, payload: isThin ? thinEvent(event) : snapshotEvent(event) };
  });
}

/** A payment may be back-dated by the console; all else happens now. */
function timeOf({ type, payment }: Happening): number {
  return (type === 'paid' ? payment.paidAtMs : undefined) ?? Date.now();
}

type Named = { type: string; object: ApiObject };

/** https://docs.stripe.com/api/events/types, as far as a merchant of payments would enable them. */
function eventsOf(happening: Happening): Named[] {
  const { payment } = happening;
  const intent = (verb: string): Named => ({
    type: `payment_intent.${verb}`,
    object: paymentIntentObject(payment),
  });
  const session = (verb: string): Named[] =>
    payment.method === 'checkout'
      ? [{ type: `checkout.session.${verb}`, object: sessionObject(payment) }]
      : [];
  switch (happening.type) {
    case 'opened':
      return [];
    case 'authorized':
      return [intent('amount_capturable_updated'), ...session('completed')];
    case 'paid': {
      // Captured later, the Session was completed when the money was held.
      const isFirst = payment.capture === 'automatic';
      return [intent('succeeded'), ...(isFirst ? session('completed') : [])];
    }
    case 'closed':
      return payment.providerTradeNo === null ? session('expired') : [intent('canceled')];
    case 'refundMade':
      return [refundEvent('refund.created', happening)];
    case 'refundSettled':
      return [
        refundEvent('refund.updated', happening),
        { type: 'charge.refunded', object: chargeObject(payment) },
      ];
    case 'refundBounced':
      return [refundEvent('refund.updated', happening), refundEvent('refund.failed', happening)];
    case 'refundClosed':
      return [refundEvent('refund.updated', happening)];
    case 'disputeOpened':
      return [disputeEvent('created', happening)];
    case 'disputeClosed':
      return [disputeEvent('closed', happening)];
    case 'disputeMoved': {
      const isWon = happening.dispute.status === 'won';
      return [disputeEvent(isWon ? 'funds_reinstated' : 'funds_withdrawn', happening)];
    }
  }
}

function refundEvent(
  type: string,
  { payment, refund }: Extract<Happening, { refund: unknown }>,
): Named {
  return { type, object: refundObject(payment, refund) };
}

function disputeEvent(
  verb: string,
  { payment, dispute }: Extract<Happening, { dispute: unknown }>,
): Named {
  return { type: `charge.dispute.${verb}`, object: disputeObject(payment, dispute) };
}

type NewEvent = Named & { id: string; livemode: boolean; atMs: number };

function snapshotEvent({ id, type, object, livemode, atMs }: NewEvent) {
  return {
    id,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: Math.floor(atMs / 1000),
    data: { object },
    livemode,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  };
}

const paths: Readonly<Record<string, string>> = {
  payment_intent: 'payment_intents',
  'checkout.session': 'checkout/sessions',
  refund: 'refunds',
  charge: 'charges',
  dispute: 'disputes',
};

/** https://docs.stripe.com/event-destinations#thin-payload */
function thinEvent({ id, type, object, livemode, atMs }: NewEvent) {
  return {
    id,
    object: 'v2.core.event',
    type: `v1.${type}`,
    livemode,
    created: new Date(atMs).toISOString(),
    context: null,
    related_object: {
      id: object.id,
      type: object.object,
      url: `/v1/${paths[object.object]}/${object.id}`,
    },
  };
}
