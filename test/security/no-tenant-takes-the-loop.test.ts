import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostileEvents, hostileFilters, tenantInputs } from '../support/hostile/tenant-inputs.ts';
import { measureStalls } from '../support/loop-stall.ts';
import { publishAll, readFeed } from '../support/events.ts';
import type { ProblemBody } from '../support/events.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What others may have to wait at most, in CPU time of this thread; the aim is half of it.
const longestStallMs = 100;
const rounds = 100;

let world: World;
let merchant: TestMerchant;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant([]);
  for (let round = 0; round < rounds; round++) await publishAll(merchant, hostileEvents);
  await until('the whole feed', async () => {
    const { events } = await readFeed(merchant);
    return events.length === rounds * hostileEvents.length;
  });
  // The first task starts a thread.
  await merchant.api('POST', '/v1/event-types', { body: { name: 'first.type', schema: {} } });
});
afterAll(() => world.close());

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** How long the loop is held while something is done, without what the test itself has left to collect. */
async function longestStallOf<T>(work: () => Promise<T>): Promise<{ result: T; stallMs: number }> {
  collectGarbage();
  const stalls = measureStalls();
  try {
    const result = await work();
    return { result, stallMs: stalls.longestCpuMs() };
  } finally {
    stalls.stop();
  }
}

describe('others wait no longer than a tenth of a second for', () => {
  test.each(tenantInputs.map((input) => [input.name, input] as const))('%s', async (_, input) => {
    const { method, path, headers, statuses, field } = input;
    const body = input.body();
    const { result, stallMs } = await longestStallOf(() =>
      merchant.api<ProblemBody>(method, path, {
        headers: { ...headers },
        ...(body !== undefined && { body }),
      }),
    );
    const refusedField = field === undefined ? undefined : result.body.errors[0]?.field;
    expect([result.status, refusedField]).toEqual([
      expect.toSatisfy((status: number) => statuses.includes(status)),
      field,
    ]);
    expect(stallMs).toBeLessThan(longestStallMs);
  });

  test('a reader whose filter is dear, who comes to the end of the feed all the same, in more answers', async () => {
    const { cursor: end } = await readFeed(merchant);
    const filter = hostileFilters['many fields of very many objects'];
    const query = `filter=${encodeURIComponent(JSON.stringify(filter))}`;
    const { result, stallMs } = await longestStallOf(() => readFeed(merchant, { query }));
    expect(result).toEqual({ events: [], cursor: end });
    expect(stallMs).toBeLessThan(longestStallMs);
  });

  test('endpoints of one merchant whose filters are all run over every event', async () => {
    const own = await world.newMerchant([]);
    const receiver = await startReceiver();
    for (const filter of Object.values(hostileFilters)) {
      for (let n = 0; n < 10; n++) {
        const body = { url: receiver.url, eventTypes: ['hostile.*'], filter };
        expect((await own.api('POST', '/v1/endpoints', { body })).status).toBe(201);
      }
    }
    await own.api('POST', '/v1/endpoints', { body: { url: receiver.url, eventTypes: ['last.*'] } });
    const { stallMs } = await longestStallOf(async () => {
      for (let round = 0; round < 10; round++) await publishAll(own, hostileEvents);
      await publishAll(own, [{ type: 'last.one', data: {} }]);
      await until('the delivery of the last', () => receiver.received.length > 0);
    });
    expect(receiver.received.map(({ event }) => event.type)).toEqual(['last.one']);
    await receiver.stop();
    expect(stallMs).toBeLessThan(longestStallMs);
  });
});
