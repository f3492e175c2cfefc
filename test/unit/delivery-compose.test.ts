import { describe, expect, test } from 'vitest';
import { deliveryFormats } from '../../domain/delivery.ts';
import { composerFor } from '../../delivery/send/compose.ts';
import { decode } from '../../delivery/format/index.ts';
import { paidEvent } from '../support/delivering.ts';
import { endpointRow } from '../support/outgoing.ts';

const endpoint = endpointRow();
const event = paidEvent(endpoint);
const settings = { format: 'json', payload: 'full', payloadVersion: '2026-11-01' } as const;

function dataIn({ contentType, headers, body }: ReturnType<ReturnType<typeof composerFor>>) {
  const decoded = decode({ contentType, headers, body: Buffer.from(body) });
  return decoded.kind === 'decoded' ? decoded.events[0] : decoded;
}

test('full JSON is what is stored, byte for byte, whatever that is', () => {
  // Not even parsed: this is no JSON at all.
  const stored = ' {"a": 1e400, "a":2} \n not JSON';
  const { body, contentType } = composerFor(settings, {})({ ...event, body: stored });
  expect(body).toBe(stored);
  expect(contentType).toBe('application/json');
});

describe.each(deliveryFormats)('as %s', (format) => {
  test('a request has its content type, id, version, sender and the headers of its endpoint', () => {
    const compose = composerFor({ ...settings, format }, { 'x-shop': '7' });
    const { headers, contentType } = compose(event);
    expect(headers).toMatchObject({
      'content-type': contentType,
      'webhook-id': event.eventId,
      'tender-payload-version': '2026-11-01',
      'user-agent': 'Tender-Webhooks/1.0',
      'x-shop': '7',
    });
  });

  test('each request has headers of its own', () => {
    const compose = composerFor({ ...settings, format }, {});
    const first = compose(event);
    first.headers['authorization'] = 'Bearer 1';
    const second = compose({ ...event, eventId: 'evt_2' });
    expect(second.headers['authorization']).toBeUndefined();
    expect(first.headers['webhook-id']).toBe(event.eventId);
    expect(second.headers['webhook-id']).toBe('evt_2');
  });

  test('the whole event is sent, or only what it is about', () => {
    const full = dataIn(composerFor({ ...settings, format }, {})(event));
    expect(full).toMatchObject({
      id: event.eventId,
      type: 'order.paid',
      occurredAt: '2026-11-22T09:30:00.000Z',
      data: { id: 'ord_1', object: 'order', amountMinor: 1250 },
    });
    const compose = composerFor({ ...settings, format, payload: 'id' }, {});
    const ids = dataIn(compose(event));
    expect(ids).toEqual({ ...full, data: { id: 'ord_1', object: 'order' } });
    for (const data of [{ secret: 1 }, { object: { secret: 1 } }, 'secret', null, ['secret']]) {
      const composed = compose(paidEvent(endpoint, {}, data));
      expect(dataIn(composed)).toMatchObject({ data: { id: 'ord_1' } });
      expect(composed.body).not.toContain('secret');
    }
  });
});
