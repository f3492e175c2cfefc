import { expect, test } from 'vitest';
import { createCheckEvents } from '../../api/event-types/check-events.ts';
import type { CheckedEvents, EventsToCheck } from '../../api/worker-threads/tasks.ts';
import type { ThreadOutcome, WorkerThreads } from '../../api/worker-threads/worker-threads.ts';
import { newId } from '../../domain/ids.ts';

const merchant = newId('merchant');

/** Threads that refuse the events whose body says so, and answer as `answer` has it. */
function threadsWith(
  answer: (groups: readonly EventsToCheck[]) => Promise<ThreadOutcome<CheckedEvents>>,
) {
  const messages: number[] = [];
  const threads = {
    run: (_: unknown, __: unknown, { groups }: { groups: readonly EventsToCheck[] }) => {
      messages.push(groups.flatMap(({ events }) => events).length);
      return answer(groups);
    },
    close: async () => {},
  } as unknown as WorkerThreads;
  return { messages, check: createCheckEvents(threads) };
}

async function refuseBad(groups: readonly EventsToCheck[]): Promise<ThreadOutcome<CheckedEvents>> {
  const bad = groups.flatMap(({ events }) => events).filter(({ body }) => body === 'bad');
  const problem = { path: '', message: 'is bad' };
  const refusals = bad.map(({ index }) => ({ index, problem }));
  return { kind: 'done', value: { kind: 'checked', refusals } };
}

const requestOf = (...bodies: string[]) =>
  bodies.map((body, at) => ({ index: at * 10, body, schema: at % 2 ? 'a' : 'b' }));

const refusedIn = (outcome: ThreadOutcome<CheckedEvents>) =>
  outcome.kind === 'done' && outcome.value.kind === 'checked'
    ? outcome.value.refusals.map(({ index }) => index)
    : outcome;

test('requests that come while another is checked go to the thread together, and each is told of its own', async () => {
  const { messages, check } = threadsWith(refuseBad);
  const outcomes = await Promise.all([
    check(merchant, requestOf('good')),
    check(merchant, requestOf('good', 'bad', 'good', 'bad')),
    check(merchant, requestOf('good')),
    check(merchant, requestOf('bad')),
  ]);
  expect(outcomes.map(refusedIn)).toEqual([[], [10, 30], [], [0]]);
  expect(messages).toEqual([1, 6]);
});

test('one that takes too long, or breaks its thread, holds up none of those it went with', async () => {
  const { check } = threadsWith(async (groups) => {
    const bodies = new Set(groups.flatMap(({ events }) => events.map(({ body }) => body)));
    if (bodies.has('broken')) throw new Error('the thread died');
    if (bodies.has('endless')) return { kind: 'done', value: { kind: 'tooLong', index: 0 } };
    return refuseBad(groups);
  });
  const first = check(merchant, requestOf('good'));
  const endless = check(merchant, requestOf('endless'));
  const broken = check(merchant, requestOf('broken'));
  const good = check(merchant, requestOf('good', 'bad'));
  await expect(broken).rejects.toThrow('the thread died');
  expect(await endless).toMatchObject({ value: { kind: 'tooLong' } });
  expect([await first, await good].map(refusedIn)).toEqual([[], [10]]);
});

test('large requests go by themselves, and very many are refused', async () => {
  const { messages, check } = threadsWith(refuseBad);
  const large = 'x'.repeat(200_000);
  await Promise.all([large, large, large].map((body) => check(merchant, requestOf(body))));
  expect(messages).toEqual([1, 1, 1]);
  const all = Array.from({ length: 1_002 }, () => check(merchant, requestOf('good')));
  const outcomes = await Promise.all(all);
  expect(outcomes.filter(({ kind }) => kind === 'busy')).toHaveLength(1);
});
