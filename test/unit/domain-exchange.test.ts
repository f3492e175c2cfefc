import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decideOnReply,
  exchangeSnapshotOf,
  isSameJson,
  mostReplyChars,
  readAnswer,
  requestEnvelopeOf,
} from '../../domain/exchange.ts';
import type { ExchangeRow, ExchangeState } from '../../domain/exchange.ts';

const json = 'application/json; charset=utf-8';
const pending: ExchangeState = { status: 'pending', reply: null, lateReply: null, isOver: false };

/** What recording comes to, as the database does it. */
function apply(state: ExchangeState, body: string): ExchangeState {
  const decision = decideOnReply(state, body);
  if (decision.kind === 'record') return { ...state, status: 'replied', reply: body };
  return decision.kind === 'late' && decision.isKept ? { ...state, lateReply: body } : state;
}

const bodies = fc.array(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  { minLength: 1 },
);

test('whatever replies come before the deadline, the first is the one recorded', () => {
  fc.assert(
    fc.property(bodies, (given) => {
      const end = given.reduce(apply, pending);
      expect(end).toEqual({ ...pending, status: 'replied', reply: given[0] });
    }),
  );
});

test('no reply is ever recorded after the deadline; the first late one is kept', () => {
  fc.assert(
    fc.property(bodies, fc.constantFrom('pending', 'expired'), (given, status) => {
      const end = given.reduce(apply, { ...pending, status, isOver: true });
      expect(end).toMatchObject({ status, reply: null, lateReply: given[0] });
    }),
  );
});

test('a reply that was recorded in time stays the reply after the deadline, and its repeat a repeat', () => {
  const replied = { ...pending, status: 'replied', reply: '{"a":1,"b":2}', isOver: true } as const;
  expect(decideOnReply(replied, '{"b":2,"a":1}')).toEqual({ kind: 'repeat' });
  expect(decideOnReply(replied, '{"b":2}')).toEqual({ kind: 'contradicts' });
});

test.each([
  ['{"reply":{"left":3}}', json, { kind: 'reply', body: '{"left":3}' }],
  ['{"reply":null}', json, { kind: 'reply', body: 'null' }],
  ['{"reply":1}', 'application/problem+json', { kind: 'reply', body: '1' }],
  ['{"reply":1}', 'text/plain', { kind: 'none' }],
  ['{"reply":1}', undefined, { kind: 'none' }],
  ['{"ok":true}', json, { kind: 'none' }],
  ['[1]', json, { kind: 'none' }],
  ['', json, { kind: 'none' }],
  [null, json, { kind: 'none' }],
  ['{"reply":', json, { kind: 'unreadable', why: 'the answer is not JSON' }],
])('the answer %j as %s is read', (body, contentType, reading) => {
  expect(readAnswer({ body, contentType })).toEqual(reading);
});

test('an answer that is too long, too deep or loses its numbers is no reply', () => {
  const long = JSON.stringify({ reply: 'x'.repeat(mostReplyChars) });
  const deep = `{"reply":${'['.repeat(100)}${']'.repeat(100)}}`;
  for (const body of [long, deep, '{"reply":{"n":9007199254740993}}']) {
    expect(readAnswer({ body, contentType: json }).kind).toBe('unreadable');
  }
});

test('two texts are the same JSON whatever the order of their fields, and only then', () => {
  expect(isSameJson('{"a":{"c":1,"b":[1,2]}}', '{"a":{"b":[1,2],"c":1}}')).toBe(true);
  expect(isSameJson('{"a":[1,2]}', '{"a":[2,1]}')).toBe(false);
});

const row: ExchangeRow = {
  id: 'msg_01jd3v9k7q2m5x8r4t6w0y1z3c',
  merchantId: 'mer_a',
  messageKey: null,
  qos: 'at_least_once',
  toMerchantId: 'mer_b',
  toEndpointId: null,
  subject: 'stock',
  body: '{"cups":2}',
  status: 'pending',
  reply: null,
  replyVia: null,
  repliedAt: null,
  lateReply: null,
  expiresAt: new Date('2026-11-22T10:00:00Z'),
  createdAt: new Date('2026-11-22T09:00:00Z'),
};

test('the request is the same bytes whatever became of it, and says until when a reply counts', () => {
  const envelope = requestEnvelopeOf(row);
  expect(requestEnvelopeOf({ ...row, status: 'expired', lateReply: '1' })).toBe(envelope);
  expect(requestEnvelopeOf({ ...row, status: 'replied', reply: '1' })).toBe(envelope);
  expect(JSON.parse(envelope)).toMatchObject({
    id: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c',
    type: 'message.request',
    data: { to: 'mer_b', body: { cups: 2 }, replyBy: '2026-11-22T10:00:00.000Z' },
  });
});

test('an Idempotency-Key is not shown as a key of the sender’s own', () => {
  expect(exchangeSnapshotOf({ ...row, messageKey: 'k-1' }).messageKey).toBe('k-1');
  expect(exchangeSnapshotOf({ ...row, messageKey: '\u001fk-1' }).messageKey).toBeNull();
});
