import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIds } from '../../workflows/messages.ts';
import { acquaint, endpointOf, feedOf } from '../support/conversations.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type SessionBody = {
  id: `ses_${string}`;
  status: string;
  messages: { from: string; body: unknown }[];
};

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function pair(): Promise<[TestMerchant, TestMerchant]> {
  const [a, b] = await Promise.all([world.newMerchant(), world.newMerchant()]);
  await acquaint(a, b);
  return [a, b];
}

const open = (a: TestMerchant, b: TestMerchant, more: Record<string, unknown> = {}) =>
  a.api<SessionBody>('POST', '/v1/sessions', {
    body: { participants: [a.merchantId, b.merchantId], subject: 'swap', ...more },
  });
const speak = ({ api }: TestMerchant, { id }: { id: string }, body: unknown, as?: string) =>
  api<SessionBody>('POST', `/v1/sessions/${id}/messages`, { body: { body, as } });
const read = ({ api }: TestMerchant, { id }: { id: string }, waitSeconds = 0) =>
  api<SessionBody>('GET', `/v1/sessions/${id}?wait=${waitSeconds}`);

describe.concurrent('a session', () => {
  test('is complete when both have spoken, and both get the same transcript, read, pushed and pulled', async () => {
    const [a, b] = await pair();
    const { receiver } = await endpointOf(b, { eventTypes: ['session.*'] });
    const { status, body: session } = await open(a, b);
    expect([status, session.status]).toEqual([201, 'open']);
    const waiting = [read(a, session, 30), read(b, session, 30)];
    // The second participant first: the transcript is in the order of the participants all the same.
    expect((await speak(b, session, { price: 7 })).status).toBe(201);
    expect((await speak(a, session, 'yes')).body.status).toBe('complete');
    const [atA, atB] = await Promise.all(waiting);
    expect(atA?.body.messages.map(({ body }) => body)).toEqual(['yes', { price: 7 }]);
    expect(atA?.text).toBe(atB?.text);
    const completed = await until('both are told', async () => {
      const told = await Promise.all([a, b].map((one) => feedOf(one, 'session.completed')));
      return told.every(({ length }) => length === 1) && told.flat();
    });
    const transcripts = completed.map(({ data }) => JSON.stringify(data));
    expect(transcripts).toEqual([atA?.text, atA?.text]);
    await until('pushed', () => receiver.received.length === 3);
    expect(receiver.received.map(({ event }) => event.type).toSorted()).toEqual([
      'session.completed',
      'session.message',
      'session.opened',
    ]);
    await receiver.stop();
    await until('its workflow ended', async () => {
      const handle = world.temporal.workflow.getHandle(workflowIds.holdSession(session.id));
      return (await handle.describe()).status.name === 'COMPLETED';
    });
  });

  test('takes one saying of each side: repeats are answered with it, contradictions refused', async () => {
    const [a, b] = await pair();
    const { body: session } = await open(a, b);
    const said = await Promise.all(
      Array.from({ length: 9 }, (_, i) => speak(a, session, { x: i % 3 })),
    );
    const statuses = said.map(({ status }) => status).toSorted((x, y) => x - y);
    expect(statuses).toEqual([200, 200, 201, 409, 409, 409, 409, 409, 409]);
    expect((await read(b, session)).body.messages).toHaveLength(1);
    await until('one event', async () => (await feedOf(b, 'session.message')).length > 0);
    expect(await feedOf(b, 'session.message')).toHaveLength(1);
  });

  test('that is not completed in time is expired with what there is, and takes no more', async () => {
    const [a, b] = await pair();
    const { body: session } = await open(a, b, { closesInSeconds: 2 });
    await speak(a, session, 'hello');
    const { body } = await read(b, session, 30);
    expect(body).toMatchObject({ status: 'expired', messages: [{ body: 'hello' }] });
    expect((await speak(b, session, 'too late')).status).toBe(409);
    expect((await speak(a, session, 'hello')).status).toBe(200);
    await until('both are told', async () => {
      const told = await Promise.all([a, b].map((one) => feedOf(one, 'session.expired')));
      return told.every(({ length }) => length === 1);
    });
  });

  test('opened again under its key is the same one; with other content it is refused', async () => {
    const [a, b] = await pair();
    const opened = await Promise.all(
      Array.from({ length: 5 }, () => open(a, b, { sessionKey: 'deal-1' })),
    );
    expect(new Set(opened.map(({ body }) => body.id)).size).toBe(1);
    expect(opened.filter(({ status }) => status === 201)).toHaveLength(1);
    const other = await open(a, b, { sessionKey: 'deal-1', subject: 'other' });
    expect(other.status).toBe(422);
  });

  test('of two endpoints of one merchant goes through its own feed, each named as it speaks', async () => {
    const merchant = await world.newMerchant();
    const endpoints = await Promise.all(
      [1, 2].map(() => endpointOf(merchant, { eventTypes: ['endpoint.test'] })),
    );
    const [x, y] = endpoints.map(({ id }) => id);
    const { body: session } = await merchant.api<SessionBody>('POST', '/v1/sessions', {
      body: { participants: [x, y], subject: 'own' },
    });
    expect((await speak(merchant, session, 1)).status).toBe(400);
    expect((await speak(merchant, session, 1, x)).status).toBe(201);
    expect((await speak(merchant, session, 2, y)).body.status).toBe('complete');
    await until('told once', async () => (await feedOf(merchant, 'session.completed')).length > 0);
    expect(await feedOf(merchant, 'session.completed')).toHaveLength(1);
    await Promise.all(endpoints.map(({ receiver }) => receiver.stop()));
  });

  test('is nothing to a stranger, and nobody is drawn into one without having allowed it', async () => {
    const [a, b] = await pair();
    const stranger = await world.newMerchant();
    const { body: session } = await open(a, b);
    const answers = await Promise.all([
      read(stranger, session),
      speak(stranger, session, 'me too'),
      open(stranger, a),
      open(a, stranger),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    await b.api('DELETE', `/v1/contacts/${a.merchantId}`);
    expect((await open(a, b)).status).toBe(404);
  });

  test('between others is not to be opened', async () => {
    const [a, b] = await pair();
    const c = await world.newMerchant();
    await acquaint(c, a);
    await acquaint(c, b);
    const { status } = await c.api('POST', '/v1/sessions', {
      body: { participants: [a.merchantId, b.merchantId], subject: 'theirs' },
    });
    expect(status).toBe(400);
  });
});
