import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acquaint, endpointOf, feedOf } from '../support/conversations.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

type TopicBody = { id: string; lastSeq: number };
type TopicMessageBody = { id: string; seq: number; body: unknown; key: string | null };
type Page = { data: TopicMessageBody[]; nextCursor: string; hasMore: boolean };

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function group(size: number): Promise<{ topic: TopicBody; members: TestMerchant[] }> {
  const members = await Promise.all(Array.from({ length: size }, () => world.newMerchant()));
  const [owner] = members;
  const { body: topic } = await owner!.api<TopicBody>('POST', '/v1/topics', {
    body: { name: 'prices' },
  });
  for (const member of members.slice(1)) {
    await acquaint(owner!, member);
    expect((await join(owner!, topic, member)).status).toBe(201);
  }
  return { topic, members };
}

const join = (
  { api }: TestMerchant,
  topic: TopicBody,
  member: TestMerchant,
  body: Record<string, unknown> = {},
) => api('PUT', `/v1/topics/${topic.id}/members/${member.merchantId}`, { body });
const publish = (
  { api }: TestMerchant,
  { id }: TopicBody,
  body: unknown,
  more: Record<string, unknown> = {},
) => api<TopicMessageBody>('POST', `/v1/topics/${id}/messages`, { body: { body, ...more } });
const history = ({ api }: TestMerchant, { id }: TopicBody, query = '') =>
  api<Page>('GET', `/v1/topics/${id}/messages${query}`);
const heard = async (member: TestMerchant) =>
  (await feedOf(member, 'group.message')).map(({ data }) => data['body']);

describe.concurrent('a topic', () => {
  test('brings each message to every member but its sender, pushed and pulled, in one order', async () => {
    const { topic, members } = await group(4);
    const [a, b, c, d] = members as [TestMerchant, TestMerchant, TestMerchant, TestMerchant];
    const { receiver } = await endpointOf(d, { eventTypes: ['group.*'], ordering: 'resource' });
    const published = await Promise.all(
      Array.from({ length: 20 }, (_, i) => publish([a, b, c][i % 3]!, topic, i)),
    );
    const seqs = published.map(({ body }) => body.seq).toSorted((x, y) => x - y);
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const { body: page } = await history(d, topic, '?limit=100');
    const order = page.data.map(({ body }) => body as number);
    await until('all heard', async () => (await heard(d)).length === 20);
    expect(await heard(d)).toEqual(order);
    expect(await heard(b)).toEqual(order.filter((i) => i % 3 !== 1));
    await until('all pushed', () => receiver.received.length >= 20);
    const pushed = receiver.received.map(({ rawBody }) => JSON.parse(rawBody).data.body);
    expect(pushed.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await receiver.stop();
  });

  test('is caught up with by who joins late, and waited on for the next message', async () => {
    const { topic, members } = await group(2);
    const [a, b] = members as [TestMerchant, TestMerchant];
    await publish(a, topic, 'one');
    await publish(b, topic, 'two');
    const late = await world.newMerchant();
    await acquaint(a, late);
    await join(a, topic, late);
    const { body: page } = await history(late, topic, '?limit=1');
    expect(page).toMatchObject({ data: [{ body: 'one' }], nextCursor: '1', hasMore: true });
    const waiting = history(late, topic, '?after=2&wait=30');
    await publish(a, topic, 'three');
    expect((await waiting).body.data.map(({ body }) => body)).toEqual(['three']);
  });

  test('knows the newest message of each key', async () => {
    const { topic, members } = await group(2);
    const [a, b] = members as [TestMerchant, TestMerchant];
    for (const price of [5, 6, 7]) await publish(a, topic, price, { key: 'tea' });
    await publish(a, topic, 1, { key: 'salt' });
    const latest = (key: string) =>
      b.api<TopicMessageBody>('GET', `/v1/topics/${topic.id}/latest?key=${key}`);
    expect((await latest('tea')).body).toMatchObject({ body: 7, seq: 3 });
    expect((await latest('salt')).body.body).toBe(1);
    expect((await latest('gold')).status).toBe(404);
  });

  test('tells a member with a filter only what that lets through', async () => {
    const { topic, members } = await group(2);
    const [a, b] = members as [TestMerchant, TestMerchant];
    const changed = await join(a, topic, b, { filter: { 'data.body.price': { $gte: 10 } } });
    expect(changed.status).toBe(200);
    for (const price of [9, 10, 3, 12]) await publish(a, topic, { price });
    await until('heard', async () => (await heard(b)).length === 2);
    expect(await heard(b)).toEqual([{ price: 10 }, { price: 12 }]);
    expect((await join(a, topic, b, { filter: { x: { $regex: 'a' } } })).status).toBe(400);
  });

  test('shows how far each member has read and when it was seen; a cursor only moves forward', async () => {
    const { topic, members } = await group(2);
    const [a, b] = members as [TestMerchant, TestMerchant];
    await publish(a, topic, 1);
    await publish(a, topic, 2);
    const cursorTo = (seq: number) =>
      b.api<{ cursor: number }>('PUT', `/v1/topics/${topic.id}/cursor`, { body: { seq } });
    expect((await cursorTo(1)).body.cursor).toBe(1);
    expect((await cursorTo(99)).body.cursor).toBe(2);
    expect((await cursorTo(0)).body.cursor).toBe(2);
    const { body } = await a.api<{ data: Record<string, unknown>[] }>(
      'GET',
      `/v1/topics/${topic.id}/members`,
    );
    expect(body.data).toMatchObject([
      { participant: a.merchantId, cursor: 0, lastSeenAt: expect.any(String) },
      { participant: b.merchantId, cursor: 2, lastSeenAt: expect.any(String) },
    ]);
  });

  test('has a message that comes again under its key once', async () => {
    const { topic, members } = await group(2);
    const [a, b] = members as [TestMerchant, TestMerchant];
    const sent = await Promise.all(
      Array.from({ length: 5 }, () => publish(a, topic, 'once', { messageKey: 'k' })),
    );
    expect(sent.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(sent.map(({ body }) => body.seq))).toEqual(new Set([1]));
    expect((await publish(a, topic, 'other', { messageKey: 'k' })).status).toBe(422);
    // A key is its sender's: another sender's is another message.
    expect((await publish(b, topic, 'other', { messageKey: 'k' })).body.seq).toBe(2);
  });

  test('is nothing to a stranger, and only its owner changes who is a member', async () => {
    const { topic, members } = await group(3);
    const [a, b, c] = members as [TestMerchant, TestMerchant, TestMerchant];
    const stranger = await world.newMerchant();
    const answers = await Promise.all([
      stranger.api('GET', `/v1/topics/${topic.id}`),
      stranger.api('GET', `/v1/topics/${topic.id}/members`),
      stranger.api('GET', `/v1/topics/${topic.id}/latest?key=x`),
      stranger.api('PUT', `/v1/topics/${topic.id}/cursor`, { body: { seq: 1 } }),
      stranger.api('DELETE', `/v1/topics/${topic.id}/members/${b.merchantId}`),
      history(stranger, topic),
      publish(stranger, topic, 'hi'),
      join(stranger, topic, stranger),
      // A member, but not the owner; and one who has allowed nobody.
      join(b, topic, b),
      b.api('DELETE', `/v1/topics/${topic.id}/members/${c.merchantId}`),
      join(a, topic, stranger),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(11).fill(404));
    const left = await c.api('DELETE', `/v1/topics/${topic.id}/members/${c.merchantId}`);
    expect(left.status).toBe(204);
    expect((await publish(c, topic, 'hi')).status).toBe(404);
    expect((await history(c, topic)).status).toBe(404);
    await publish(a, topic, 'without c');
    await until('b heard', async () => (await heard(b)).length === 1);
    expect(await heard(c)).toEqual([]);
  });
});
