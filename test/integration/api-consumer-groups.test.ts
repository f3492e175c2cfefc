import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeBatch } from '../../api/consumer-groups/take-batch.ts';
import { createFeedChanges } from '../../db/feed-changes.ts';
import { openChanges } from '../../db/changes.ts';
import type { Changes } from '../../db/changes.ts';
import { groupKeyOf } from '../../db/queries/acknowledge-events.ts';
import { leaseEvents, readGroupState } from '../../db/queries/lease-events.ts';
import { consumerGroups } from '../../db/schema/index.ts';
import { and, eq, sql } from 'drizzle-orm';
import { consumerGroup } from '../support/consumer-group.ts';
import type { Batch, Group } from '../support/consumer-group.ts';
import { feedOf, publishAll, readFeed, slugOf } from '../support/events.ts';
import type { FeedEvent, ProblemBody } from '../support/events.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
let changes: Changes;
beforeAll(async () => {
  world = await openWorld();
  changes = await openChanges(world.config.database);
  merchant = await world.newMerchant([]);
});
afterAll(async () => {
  await changes.close();
  await world.close();
});

let names = 0;

/** A group of a merchant of its own, with so many events to work on. */
async function groupWith(count: number, body: Record<string, unknown> = {}) {
  const own = await world.newMerchant([]);
  const ids = count > 0 ? await publishAll(own, carts(count)) : [];
  if (count > 0) await feedOf(own, count);
  names += 1;
  const group = consumerGroup(own, `g${names}`);
  expect((await group.create(body)).status).toBe(201);
  return { own, ids, group };
}

const carts = (length: number) =>
  Array.from({ length }, (_, n) => ({ type: 'cart.changed', data: { n } }));
const idsIn = ({ data }: Batch) => data.map(({ id }) => id);

/** Ends a lease, as time would. */
async function letLeaseRunOut({ merchantId }: TestMerchant, { path }: Group): Promise<void> {
  const name = path.split('/').at(-1) ?? '';
  await world.db
    .update(consumerGroups)
    .set({ leaseUntil: sql`now()` })
    .where(and(eq(consumerGroups.merchantId, merchantId), eq(consumerGroups.name, name)));
}

/** A member that waits longer than any test lasts, so that only what wakes it ends its wait. */
function waitingMember({ merchantId }: TestMerchant, { path }: Group) {
  const name = path.split('/').at(-1) ?? '';
  const heard = new Set<string>();
  const taking = takeBatch({
    db: world.db,
    changes: {
      ...changes,
      subscribe: (channel, key, listener) => {
        heard.add(key);
        return changes.subscribe(channel, key, listener);
      },
    },
    feed: createFeedChanges({ db: world.db, changes }),
    merchant: { id: merchantId, shard: 0 },
    name,
    limit: 100,
    leaseSeconds: 60,
    waitMs: 3_600_000,
    caller: new AbortController().signal,
  });
  return {
    /** Settles once it has looked, found the batch out, and waits for its end. */
    isWaiting: () => until('the member to wait', () => heard.has(groupKeyOf({ merchantId, name }))),
    ids: taking.then((found) =>
      found.kind === 'taken'
        ? found.events.map(({ body }) => (JSON.parse(body) as FeedEvent).id)
        : [found.kind],
    ),
  };
}

describe('a consumer group', () => {
  test('is created, read and listed, and the same again when it is created twice', async () => {
    const own = await world.newMerchant([]);
    const filter = { 'data.n': { $gte: 1 } };
    const group = consumerGroup(own, 'billing');
    const settings = { eventTypes: ['cart.*'], filter };
    const made = await group.create(settings);
    expect([made.status, made.body]).toEqual([
      201,
      {
        name: 'billing',
        object: 'consumer_group',
        ...settings,
        cursor: '0',
        leasedUntil: null,
        acknowledgedAt: null,
        createdAt: expect.stringMatching(/Z$/),
      },
    ]);
    expect((await group.create({ ...settings, from: 'end' })).status).toBe(200);
    expect((await group.read()).body).toEqual(made.body);
    const other = await group.create({ eventTypes: ['*'], filter });
    expect([other.status, slugOf(other)]).toEqual([409, 'consumer-group-taken']);
    await consumerGroup(own, 'Alpha').create();
    await consumerGroup(own, 'zeta').create();
    type Page = { data: { name: string }[]; nextCursor: string | null };
    const first = await own.api<Page>('GET', '/v1/consumer-groups?limit=2');
    const rest = await own.api<Page>('GET', `/v1/consumer-groups?cursor=${first.body.nextCursor}`);
    const listed = [first, rest].map(({ body }) => body.data.map(({ name }) => name));
    expect([listed, rest.body.nextCursor]).toEqual([[['Alpha', 'billing'], ['zeta']], null]);
  });

  test('begins where it is told to', async () => {
    const own = await world.newMerchant([]);
    const ids = await publishAll(own, carts(4));
    await feedOf(own, 4);
    const { cursor } = await readFeed(own);
    const middle = String(Number(cursor) - 2);
    const starts = { start: ids, end: [], [middle]: ids.slice(2) };
    for (const [from, expected] of Object.entries(starts)) {
      const group = consumerGroup(own, `from-${from}`);
      await group.create({ from });
      expect(idsIn(await group.take())).toEqual(expected);
    }
    const [next] = await publishAll(own, carts(1));
    expect(idsIn(await consumerGroup(own, 'from-end').take({ wait: 60 }))).toEqual([next]);
  });

  test('gets only what it asked for, and gets past the rest', async () => {
    const { own, group } = await groupWith(0, {
      eventTypes: ['stock.*'],
      filter: { 'data.n': { $gte: 2 } },
    });
    for (let round = 0; round < 3; round++) await publishAll(own, carts(900));
    const [, , wanted] = await publishAll(
      own,
      [1, 1, 2].map((n) => ({ type: 'stock.changed', data: { n } })),
    );
    const batch = await group.take({ wait: 60 });
    expect(idsIn(batch)).toEqual([wanted]);
    await group.acknowledge(batch);
    await publishAll(own, carts(1));
    await until('the group to get past it, and to remember', async () => {
      const { cursor: end } = await readFeed(own, { after: batch.cursor });
      await group.take();
      const { cursor } = (await group.read()).body;
      return cursor === end && cursor !== batch.cursor;
    });
  });

  test('that is deleted is gone with its place, and starts anew', async () => {
    const { own, ids, group } = await groupWith(2);
    const batch = await group.take();
    await group.acknowledge(batch);
    expect((await group.take()).data).toEqual([]);
    expect((await merchant.api('DELETE', group.path)).status).toBe(404);
    const remove = () => own.api('DELETE', group.path);
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404]);
    expect((await group.read()).status).toBe(404);
    expect((await group.acknowledge(batch)).status).toBe(404);
    await group.create();
    expect(idsIn(await group.take())).toEqual(ids);
  });

  test('of another merchant is not there', async () => {
    const { group } = await groupWith(1);
    const batch = await group.take();
    const theirs = consumerGroup(merchant, group.path.split('/').at(-1) ?? '');
    await expect(theirs.take()).rejects.toThrow(/404/);
    expect((await theirs.acknowledge(batch)).status).toBe(404);
    expect((await theirs.read()).status).toBe(404);
    expect((await merchant.api('GET', '/v1/consumer-groups')).text).not.toContain(group.path);
  });

  test.each([
    ['/name', { name: 'a b' }],
    ['/name', { name: '' }],
    ['/name', { name: 'x'.repeat(65) }],
    ['/eventTypes', { eventTypes: [] }],
    ['/eventTypes/0', { eventTypes: ['Cart'] }],
    ['/filter/data.n/$near', { filter: { 'data.n': { $near: 1 } } }],
    ['/filter/data.n/$eq', { filter: { 'data.n': { $eq: 'a\0' } } }],
    ['/from', { from: 'middle' }],
    ['/colour', { colour: 'red' }],
  ])('is refused with a wrong %s', async (field, body) => {
    const answer = await merchant.api<ProblemBody>('POST', '/v1/consumer-groups', {
      body: { name: 'wrong', ...body },
    });
    expect(answer.status).toBe(400);
    expect(new Set(answer.body.errors.map((error) => error.field))).toEqual(new Set([field]));
  });

  test.each([
    ['/limit', { limit: 101 }],
    ['/wait', { wait: 61 }],
    ['/leaseSeconds', { leaseSeconds: 0 }],
    ['/leaseSeconds', { leaseSeconds: 3_601 }],
  ])('cannot be taken from with a wrong %s', async (field, body) => {
    const { own, group } = await groupWith(0);
    const answer = await own.api<ProblemBody>('POST', `${group.path}/take`, { body });
    expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field }]]);
  });
});

describe('a batch', () => {
  test('is one member’s at a time, in order, until it is acknowledged', async () => {
    const { ids, group } = await groupWith(5);
    const first = await group.take({ limit: 2 });
    expect(idsIn(first)).toEqual(ids.slice(0, 2));
    expect(await group.take()).toEqual({ data: [], leaseToken: null, cursor: '0' });
    expect((await group.read()).body['leasedUntil']).toMatch(/Z$/);
    const { status, body } = await group.acknowledge(first);
    expect([status, body]).toEqual([200, { cursor: first.cursor }]);
    expect((await group.read()).body).toMatchObject({ cursor: first.cursor, leasedUntil: null });
    const second = await group.take({ limit: 100 });
    expect(idsIn(second)).toEqual(ids.slice(2));
    await group.acknowledge(second);
    expect(await group.take()).toEqual({ data: [], leaseToken: null, cursor: second.cursor });
  });

  test('that is acknowledged wakes who waits for it', async () => {
    const { own, ids, group } = await groupWith(2);
    const first = await group.take({ limit: 1, leaseSeconds: 3_600 });
    const member = waitingMember(own, group);
    await member.isWaiting();
    await group.acknowledge(first);
    expect(await member.ids).toEqual(ids.slice(1));
  });

  test('whose lease runs out is given to who waits for it', async () => {
    const { own, ids, group } = await groupWith(2);
    await group.take({ limit: 2, leaseSeconds: 1 });
    expect(await waitingMember(own, group).ids).toEqual(ids);
  });

  test('that nobody has yet is given to who waits once it is published', async () => {
    const { own, group } = await groupWith(0);
    const member = waitingMember(own, group);
    const ids = await publishAll(own, carts(3));
    expect(await member.ids).toEqual(ids);
  });

  test('can be acknowledged bit by bit, and the rest stays its member’s', async () => {
    const { ids, group } = await groupWith(3);
    const batch = await group.take();
    const within = String(Number(batch.cursor) - 1);
    const partly = { ...batch, cursor: within };
    expect((await group.acknowledge(partly)).body).toEqual({ cursor: within });
    expect((await group.take()).data).toEqual([]);
    expect((await group.read()).body).toMatchObject({ cursor: within, leasedUntil: /Z$/ });
    expect((await group.acknowledge(batch)).body).toEqual({ cursor: batch.cursor });
    // An earlier one that comes late moves nothing back.
    expect((await group.acknowledge(partly)).body).toEqual({ cursor: batch.cursor });
    expect(ids).toHaveLength(3);
  });

  test('may be acknowledged again, also after others have gone on', async () => {
    const { ids, group } = await groupWith(4);
    const first = await group.take({ limit: 1 });
    for (let i = 0; i < 3; i++) expect((await group.acknowledge(first)).status).toBe(200);
    const second = await group.take({ limit: 1 });
    const repeated = await group.acknowledge(first);
    expect([repeated.status, repeated.body]).toEqual([200, { cursor: first.cursor }]);
    // The batch that is out is untouched by it.
    expect((await group.take()).data).toEqual([]);
    expect((await group.acknowledge(second)).status).toBe(200);
    expect(idsIn(await group.take())).toEqual(ids.slice(2));
  });

  test('that was lost to another member cannot be acknowledged', async () => {
    const { own, ids, group } = await groupWith(2);
    const lost = await group.take();
    await letLeaseRunOut(own, group);
    const taken = await group.take();
    expect(idsIn(taken)).toEqual(ids);
    const late = await group.acknowledge(lost);
    expect([late.status, slugOf(late)]).toEqual([409, 'lease-lost']);
    expect((await group.acknowledge(taken)).status).toBe(200);
    expect((await group.acknowledge(lost)).status).toBe(409);
    expect((await group.read()).body['cursor']).toBe(taken.cursor);
  });

  test('whose time is over still counts while nobody else was given it', async () => {
    const { own, group } = await groupWith(2);
    const batch = await group.take();
    await letLeaseRunOut(own, group);
    expect((await group.acknowledge(batch)).status).toBe(200);
    expect((await group.take()).data).toEqual([]);
  });

  test('cannot be acknowledged beyond its end, nor by a token that never was', async () => {
    const { group } = await groupWith(2);
    const batch = await group.take({ limit: 1 });
    const beyond = await group.acknowledge({ ...batch, cursor: String(Number(batch.cursor) + 1) });
    expect([beyond.status, beyond.body.errors]).toMatchObject([400, [{ field: '/cursor' }]]);
    const forged = await group.acknowledge({ ...batch, leaseToken: 'lease_none' });
    expect([forged.status, slugOf(forged)]).toEqual([409, 'lease-lost']);
    expect((await group.acknowledge({ ...batch, leaseToken: ' ' })).status).toBe(400);
    expect((await group.read()).body['cursor']).toBe('0');
  });

  test('is not taken by a member that has gone away while it waited', async () => {
    const { own, group } = await groupWith(0);
    const leaving = new AbortController();
    const gone = fetch(`${world.url}${group.path}/take`, {
      method: 'POST',
      headers: { authorization: `Bearer ${own.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ wait: 60 }),
      signal: leaving.signal,
    }).catch(() => 'gone');
    // It has begun to wait once another that came after it is answered.
    await group.take();
    leaving.abort();
    expect(await gone).toBe('gone');
    const ids = await publishAll(own, carts(2));
    await feedOf(own, 2);
    expect(idsIn(await group.take())).toEqual(ids);
  });
});

describe('a member that looked', () => {
  /** Where a group stood when a member looked, and how that member would take what it saw. */
  async function lookAt({ merchantId }: TestMerchant, { path }: Group, through: number) {
    const key = { merchantId, name: path.split('/').at(-1) ?? '' };
    const state = await readGroupState(world.db, key);
    if (!state) throw new Error('there is no group');
    const { position, identity } = state;
    return () =>
      leaseEvents(world.db, {
        ...key,
        position,
        identity,
        through,
        leaseToken: 'lease_late',
        leaseSeconds: 60,
      });
  }

  test('before another took and acknowledged the same is given nothing', async () => {
    const { own, group } = await groupWith(2);
    const take = await lookAt(own, group, 1_000_000);
    await group.acknowledge(await group.take());
    expect(await take()).toBe(false);
    expect((await group.read()).body['leasedUntil']).toBeNull();
  });

  test('while another has the batch is given nothing', async () => {
    const { own, group } = await groupWith(2);
    const take = await lookAt(own, group, 1_000_000);
    await group.take();
    expect(await take()).toBe(false);
  });

  test('before the group was deleted and made anew is given nothing of the new one', async () => {
    const { own, group } = await groupWith(2);
    const take = await lookAt(own, group, 1_000_000);
    await own.api('DELETE', group.path);
    await group.create({ eventTypes: ['stock.*'] });
    expect(await take()).toBe(false);
  });
});

describe('many members at once', () => {
  test('get every event exactly once, in order, while all acknowledge', async () => {
    const { own, ids, group } = await groupWith(100);
    const seen: string[] = [];
    const publishing = publishAll(own, carts(150));
    const last = publishing.then((more) => more.at(-1)!);
    const member = async () => {
      while (!seen.includes(await last)) {
        const batch = await group.take({ limit: 7, wait: 2, leaseSeconds: 600 });
        if (batch.leaseToken === null) continue;
        seen.push(...idsIn(batch));
        expect((await group.acknowledge(batch)).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 8 }, member));
    expect(seen).toEqual([...ids, ...(await publishing)]);
  });

  test('get every event at least once while members die, and none is skipped', async () => {
    const { own, ids, group } = await groupWith(60);
    let deaths = 0;
    let turn = 0;
    const seen: string[] = [];
    const last = ids.at(-1)!;
    // Every third batch is never acknowledged, and its lease runs out.
    const member = async () => {
      while (!seen.includes(last)) {
        const batch = await group.take({ limit: 7, wait: 2, leaseSeconds: 600 });
        if (batch.leaseToken === null) continue;
        seen.push(...idsIn(batch));
        turn += 1;
        if (turn % 3 === 0) {
          deaths += 1;
          await letLeaseRunOut(own, group);
          continue;
        }
        expect((await group.acknowledge(batch)).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 4 }, member));
    expect(deaths).toBeGreaterThan(0);
    expect([...new Set(seen)]).toEqual(ids);
    expect(seen.length).toBeGreaterThan(ids.length);
  });
});
