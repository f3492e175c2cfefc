import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { workflowIds } from '../../workflows/messages.ts';
import { acquaint, endpointOf, feedOf, replying } from '../support/conversations.ts';
import type { MessageBody } from '../support/conversations.ts';
import { misbehaviours, startMisbehaving } from '../support/hostile/receivers.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver, Received, Reply } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
const receivers: Receiver[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  await world.close();
});

async function endpointThat(
  merchant: TestMerchant,
  answers: (received: Received) => Reply | Promise<Reply>,
) {
  // It asks for everything, so that whatever is sent twice is seen twice.
  const endpoint = await endpointOf(merchant, { eventTypes: ['*'], answers });
  receivers.push(endpoint.receiver);
  return endpoint;
}

const ask = (
  { api }: TestMerchant,
  to: string,
  { prefer = 'wait=30', ...more }: Record<string, unknown> & { prefer?: string } = {},
) =>
  api<MessageBody>('POST', '/v1/messages', {
    body: { pattern: 'request', to, subject: 'stock', body: { cups: 2 }, ...more },
    headers: { prefer },
  });

const reply = ({ api }: TestMerchant, { id }: { id: string }, body: unknown) =>
  api<MessageBody>('POST', `/v1/messages/${id}/reply`, { body: { body } });

const requestsAt = ({ receiver }: { receiver: Receiver }) =>
  receiver.received.filter(({ event }) => event.type === 'message.request');

describe.concurrent('a request', () => {
  test('to an endpoint is answered by the answer, signed, sent once, and told as an event', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, ({ event }) =>
      event.type === 'message.request' ? replying({ left: 3 }) : { status: 204 },
    );
    const { status, body } = await ask(merchant, endpoint.id);
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'replied', reply: { body: { left: 3 }, via: 'answer' } });
    const [event] = await until('told', async () => {
      const events = await feedOf(merchant, 'message.*');
      return events.length > 0 && events;
    });
    expect(event).toMatchObject({ type: 'message.reply', data: { reply: { body: { left: 3 } } } });
    await until('pushed too', () => endpoint.receiver.received.length === 2);
    expect(requestsAt(endpoint)).toHaveLength(1);
    const [asked] = requestsAt(endpoint);
    new Webhook(endpoint.secret).verify(asked!.rawBody, asked!.headers);
    expect(asked?.headers['webhook-id']).toBe(`evt_${body.id.slice(4)}`);
  });

  test('is asked again with the same id and bytes until the endpoint answers', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, () =>
      requestsAt(endpoint).length < 3 ? { status: 500 } : replying('late but well'),
    );
    const { body } = await ask(merchant, endpoint.id);
    expect(body.reply?.body).toBe('late but well');
    const asked = requestsAt(endpoint).slice(0, 3);
    expect(new Set(asked.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(asked.map(({ rawBody }) => rawBody)).size).toBe(1);
  });

  test('is asked once and no more where the endpoint’s first wait is longer than the deadline', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, () => ({ status: 500 }));
    const rules = [{ eventTypes: ['message.request'], retrySeconds: [604_800] }];
    const patched = await merchant.api('PATCH', `/v1/endpoints/${endpoint.id}`, {
      body: { rules },
    });
    expect(patched.status).toBe(200);
    const { body } = await ask(merchant, endpoint.id, { replyWithinSeconds: 5 });
    expect(body.status).toBe('expired');
    expect(requestsAt(endpoint)).toHaveLength(1);
  });

  test('of at most once is asked by one try alone', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, () => ({ status: 500 }));
    const once = { qos: 'at_most_once', replyWithinSeconds: 5 };
    const { body } = await ask(merchant, endpoint.id, once);
    expect(body).toMatchObject({ status: 'expired', qos: 'at_most_once' });
    expect(requestsAt(endpoint)).toHaveLength(1);
    const refused = await ask(merchant, merchant.merchantId, once);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('/qos');
  });

  test('with a callback tells it of this reply alone, signed', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, ({ event }) =>
      event.type === 'message.request' ? replying('here') : { status: 204 },
    );
    const callback = await startReceiver();
    receivers.push(callback);
    const request = { callbackUrl: callback.url, messageKey: 'one' };
    const { body } = await ask(merchant, endpoint.id, request);
    expect((await ask(merchant, endpoint.id, request)).body.id).toBe(body.id);
    await ask(merchant, endpoint.id);
    await until('both told', () => endpoint.receiver.received.length === 4);
    await until('called back', () => callback.received.length > 0);
    expect(callback.received.map(({ event }) => event.type)).toEqual(['message.reply']);
    const [told] = callback.received;
    expect(told?.event.data).toMatchObject({ id: body.id, reply: { body: 'here' } });
    const { body: signing } = await merchant.api<{ secret: string }>('GET', '/v1/signing-secret');
    new Webhook(signing.secret).verify(told!.rawBody, told!.headers);
  });

  test('whose reply is long gets all of it', async () => {
    const merchant = await world.newMerchant();
    const long = 'ü'.repeat(60_000);
    const endpoint = await endpointThat(merchant, () => replying(long));
    expect((await ask(merchant, endpoint.id)).body.reply?.body).toBe(long);
  });

  test('that the endpoint only takes is replied to later, by its merchant', async () => {
    const merchant = await world.newMerchant();
    const endpoint = await endpointThat(merchant, () => ({ status: 202 }));
    const { body: open } = await ask(merchant, endpoint.id, { prefer: 'wait=0' });
    expect(open.status).toBe('pending');
    await until('asked', () => requestsAt(endpoint).length === 1);
    const waiting = merchant.api<MessageBody>('GET', `/v1/messages/${open.id}?wait=30`);
    expect((await reply(merchant, open, 'yes')).status).toBe(201);
    expect((await waiting).body).toMatchObject({ reply: { body: 'yes', via: 'post' } });
    await until('its workflow ended', async () => {
      const handle = world.temporal.workflow.getHandle(workflowIds.exchangeMessage(open.id));
      return (await handle.describe()).status.name === 'COMPLETED';
    });
    expect(requestsAt(endpoint)).toHaveLength(1);
  });

  test('to another merchant reaches its feed and endpoints, and only with its leave', async () => {
    const [asking, asked] = await Promise.all([world.newMerchant(), world.newMerchant()]);
    const refused = await ask(asking, asked.merchantId);
    const unknown = await ask(asking, `mer_${'0'.repeat(26)}`);
    expect([refused.status, unknown.status]).toEqual([404, 404]);
    const endpoint = await endpointThat(asked, () => ({ status: 204 }));
    expect((await ask(asking, endpoint.id)).status).toBe(404);
    await acquaint(asking, asked);
    const { body: open } = await ask(asking, asked.merchantId, { prefer: 'respond-async' });
    await until('pushed', () => requestsAt(endpoint).length === 1);
    const [event] = await feedOf(asked, 'message.request');
    expect(event?.data).toMatchObject({ id: open.id, from: asking.merchantId, body: { cups: 2 } });
    expect((await reply(asking, open, 'to myself')).status).toBe(404);
    expect((await reply(asked, open, { ok: true })).status).toBe(201);
    const { body } = await asking.api<MessageBody>('GET', `/v1/messages/${open.id}?wait=10`);
    expect(body.reply?.body).toEqual({ ok: true });
    const stranger = await world.newMerchant();
    expect((await stranger.api('GET', `/v1/messages/${open.id}`)).status).toBe(404);
    expect((await reply(stranger, open, 'mine')).status).toBe(404);
  });

  test('keeps its first reply: the same again is answered with it, another refused', async () => {
    const merchant = await world.newMerchant();
    const { body: open } = await ask(merchant, merchant.merchantId, { prefer: 'wait=0' });
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) => reply(merchant, open, { a: 1, b: i % 2 })),
    );
    const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 200, 200, 201, 409, 409, 409, 409]);
    const { body } = await merchant.api<MessageBody>('GET', `/v1/messages/${open.id}`);
    const same = Object.fromEntries(
      Object.entries(body.reply?.body as Record<string, number>).toReversed(),
    );
    expect((await reply(merchant, open, same)).status).toBe(200);
    await until('one event', async () => (await feedOf(merchant, 'message.reply')).length === 1);
  });

  test('that nobody answers in time is expired, with an event; a late reply is kept and refused', async () => {
    const merchant = await world.newMerchant();
    const { body: open } = await ask(merchant, merchant.merchantId, { replyWithinSeconds: 1 });
    expect(open.status).toBe('expired');
    const late = await reply(merchant, open, 'sorry');
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ type: expect.stringContaining('reply-too-late') });
    const { body } = await merchant.api<MessageBody>('GET', `/v1/messages/${open.id}`);
    expect(body).toMatchObject({ status: 'expired', reply: null, lateReply: { body: 'sorry' } });
    await until('told', async () => (await feedOf(merchant, 'message.expired')).length === 1);
  });

  test.each(['messageKey', 'idempotency-key'])(
    'that comes again under its %s is one',
    async (by) => {
      const merchant = await world.newMerchant();
      const send = (body: unknown) =>
        merchant.api<MessageBody>('POST', '/v1/messages', {
          body: {
            pattern: 'request',
            to: merchant.merchantId,
            subject: 's',
            body,
            ...(by === 'messageKey' && { messageKey: 'k-1' }),
          },
          headers: by === 'messageKey' ? {} : { 'idempotency-key': 'k-1' },
        });
      const sent = await Promise.all(Array.from({ length: 5 }, () => send({ a: 1 })));
      const statuses = sent.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toContain(201);
      // Under one Idempotency-Key nobody is answered before the first is, and then all alike.
      const others = by === 'messageKey' ? [200, 201] : [201, 409];
      expect(others).toEqual(expect.arrayContaining(statuses));
      const told = sent.filter(({ status }) => status < 300).map(({ body }) => body.id);
      expect(new Set(told).size).toBe(1);
      expect((await send({ a: 2 })).status).toBe(422);
      await until('one event', async () => (await feedOf(merchant, 'message.request')).length > 0);
      expect(await feedOf(merchant, 'message.request')).toHaveLength(1);
    },
  );

  test('with numbers or depth that JSON loses is refused, and the field named', async () => {
    const merchant = await world.newMerchant();
    const { status, body } = await ask(merchant, merchant.merchantId, { body: { n: 2 ** 60 } });
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ field: '/body/n' }] });
  });
});

test('an endpoint that hangs is left as soon as the reply has come by another way', async () => {
  const receiver = await startMisbehaving(misbehaviours.find(({ name }) => name === 'silence')!);
  try {
    const [a, b] = await Promise.all([world.newMerchant(), world.newMerchant()]);
    await acquaint(a, b);
    const { body: endpoint } = await b.api<{ id: string }>('POST', '/v1/endpoints', {
      body: { url: receiver.url, eventTypes: ['nothing.of.it'] },
    });
    const { body: message } = await ask(a, endpoint.id, { prefer: 'respond-async' });
    await until('the call that hangs', () => receiver.requests() === 1);
    expect((await reply(b, message, 'by hand')).status).toBe(201);
    // Long before the call's own deadline.
    await until('its connection’s end', () => receiver.open() === 0, 10_000);
  } finally {
    await receiver.close();
  }
});
