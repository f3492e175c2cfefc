import { createHmac } from 'node:crypto';
import type { Account, Notification } from '../kit/book.ts';
import type { Change, Rendered } from '../kit/notifier.ts';

/** Renders an event, signed at every attempt with a new timestamp and every secret. https://docs.stripe.com/webhooks#verify-manually */
export function renderEvent(
  account: Account | undefined,
  notification: Notification,
  change: Change,
): Rendered {
  const body = JSON.stringify(changed(asObject(notification.payload), change), null, 2);
  const ageSeconds = change?.fault === 'replayed' ? 3600 : 0;
  const time = Math.floor(Date.now() / 1000) - ageSeconds;
  const secrets =
    change?.fault === 'forged' ? ['whsec_another'] : secretsOf(account?.details ?? {});
  const signatures = secrets.map((secret) => `v1=${sign(`${time}.${body}`, secret)}`);
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      // v0 is Stripe's scheme for test events, which clients must ignore.
      'stripe-signature': [`t=${time}`, ...signatures, `v0=${'6'.repeat(64)}`].join(','),
    },
    body,
  };
}

export function secretsOf(details: Record<string, string>): string[] {
  return (details['webhookSecrets'] ?? '').split(',').filter(Boolean);
}

function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

type Json = Record<string, unknown>;

function changed(event: Json, change: Change): Json {
  const isThin = event['object'] === 'v2.core.event';
  switch (change?.fault) {
    case 'wrongApp':
      return { ...event, livemode: event['livemode'] !== true };
    case 'wrongSeller':
      return { ...event, [isThin ? 'context' : 'account']: 'acct_1AnotherMerchant' };
    case 'wrongAmount': {
      if (isThin) return event;
      const object = asObject(asObject(event['data'])['object']);
      return { ...event, data: { object: { ...object, ...raised(object) } } };
    }
    default:
      return event;
  }
}

/** Raises amounts by 100 API units, which is valid in every currency. */
function raised(object: Json): Json {
  const names = ['amount', 'amount_received', 'amount_capturable', 'amount_total'];
  return Object.fromEntries(
    names
      .filter((name) => typeof object[name] === 'number' && object[name] > 0)
      .map((name) => [name, Number(object[name]) + 100]),
  );
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
