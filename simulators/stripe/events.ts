import type { Account, NotificationDraft } from '../kit/book.ts';
import type { PlatformEvent } from '../kit/platform.ts';
import {
  chargeObject,
  disputeObject,
  paymentIntentObject,
  refundObject,
  sessionObject,
} from './api-objects.ts';
import type { ApiObject } from './api-objects.ts';
import { newId } from './ids.ts';

/** The notifications to the account's webhook endpoint; empty if it has none. */
export function notificationsTo(account: Account | undefined, platformEvent: PlatformEvent) {
  const url = account?.details['webhookUrl'];
  if (!account || !url) return [];
  const isThin = account.details['style'] === 'thin';
  return eventsOf(platformEvent).map(({ type, object }): NotificationDraft => {
    const id = newId('evt_1', 22);
    const livemode = account.details['mode'] === 'live';
    const event = { id, type, object, livemode, atMs: timeOf(platformEvent) };
    return { id, type, url, payload: isThin ? thinEvent(event) : snapshotEvent(event) };
  });
}

/** The time of an event; the console can back-date a payment. */
function timeOf({ type, payment }: PlatformEvent): number {
  return (type === 'paid' ? payment.paidAtMs : undefined) ?? Date.now();
}

type EventObject = { type: string; object: ApiObject };

/** https://docs.stripe.com/api/events/types, limited to those that a merchant needs for payments. */
function eventsOf(platformEvent: PlatformEvent): EventObject[] {
  const { payment } = platformEvent;
  const intent = (verb: string): EventObject => ({
    type: `payment_intent.${verb}`,
    object: paymentIntentObject(payment),
  });
  const session = (verb: string): EventObject[] =>
    payment.method === 'checkout'
      ? [{ type: `checkout.session.${verb}`, object: sessionObject(payment) }]
      : [];
  switch (platformEvent.type) {
    case 'opened':
      return [];
    case 'authorized':
      return [intent('amount_capturable_updated'), ...session('completed')];
    case 'paid': {
      // With manual capture the Session completed at the authorisation.
      const isFirst = payment.capture === 'automatic';
      return [intent('succeeded'), ...(isFirst ? session('completed') : [])];
    }
    case 'closed':
      return payment.providerTradeNo === null ? session('expired') : [intent('canceled')];
    case 'refundMade':
      return [refundEvent('refund.created', platformEvent)];
    case 'refundSettled':
      return [
        refundEvent('refund.updated', platformEvent),
        { type: 'charge.refunded', object: chargeObject(payment) },
      ];
    case 'refundBounced':
      return [
        refundEvent('refund.updated', platformEvent),
        refundEvent('refund.failed', platformEvent),
      ];
    case 'refundClosed':
      return [refundEvent('refund.updated', platformEvent)];
    case 'disputeOpened':
      return [disputeEvent('created', platformEvent)];
    case 'disputeClosed':
      return [disputeEvent('closed', platformEvent)];
    case 'disputeMoved': {
      const isWon = platformEvent.dispute.status === 'won';
      return [disputeEvent(isWon ? 'funds_reinstated' : 'funds_withdrawn', platformEvent)];
    }
  }
}

function refundEvent(
  type: string,
  { payment, refund }: Extract<PlatformEvent, { refund: unknown }>,
): EventObject {
  return { type, object: refundObject(payment, refund) };
}

function disputeEvent(
  verb: string,
  { payment, dispute }: Extract<PlatformEvent, { dispute: unknown }>,
): EventObject {
  return { type: `charge.dispute.${verb}`, object: disputeObject(payment, dispute) };
}

type NewEvent = EventObject & { id: string; livemode: boolean; atMs: number };

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
