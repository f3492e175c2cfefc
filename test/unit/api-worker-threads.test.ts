import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWorkerThreads } from '../../api/worker-threads/worker-threads.ts';
import type { WorkerThreads } from '../../api/worker-threads/worker-threads.ts';
import { newId } from '../../domain/ids.ts';

const merchant = newId('merchant');
const other = newId('merchant');
const schema = JSON.stringify({ properties: { n: { type: 'integer' } } });
const envelope = (data: unknown) => JSON.stringify({ id: 'evt', type: 'a.b', data });
const fail = (error: unknown) => {
  throw error;
};

describe('a thread', () => {
  let threads: WorkerThreads;
  beforeAll(() => {
    threads = createWorkerThreads({ onError: fail });
  });
  afterAll(() => threads.close());

  const check = (groups: { schema: string; events: { index: number; body: string }[] }[]) =>
    threads.run(merchant, 'checkEvents', { groups, timeoutMs: 5_000 });

  test('compiles a schema, or says what is wrong with it', async () => {
    const compile = (text: string) =>
      threads.run(merchant, 'compile', { schema: text, timeoutMs: 5_000 });
    expect(await compile(schema)).toEqual({ kind: 'done', value: [] });
    expect(await compile('{"type":"text"}')).toMatchObject({ value: [{ path: '/type' }, {}, {}] });
  });

  test('holds all events of a request against their schemas at once', async () => {
    const events = [{ n: 1 }, { n: 'one' }, { n: 2 }, { n: 0.5 }];
    const given = events.map((data, index) => ({ index, body: envelope(data) }));
    expect(await check([{ schema, events: given }])).toMatchObject({
      value: {
        kind: 'checked',
        refusals: [
          { index: 1, problem: { path: '/n' } },
          { index: 3, problem: { path: '/n' } },
        ],
      },
    });
  });

  test('breaks off a check that takes too long, says at which event, and goes on with others', async () => {
    const dear = JSON.stringify({
      properties: {
        x: { items: { anyOf: Array.from({ length: 90 }, (_, n) => ({ const: `a${n}` })) } },
      },
    });
    const body = envelope({ x: Array.from({ length: 5_000 }, () => 'none of them') });
    const many = Array.from({ length: 20 }, (_, at) => ({
      index: at + 1,
      body: at ? envelope({}) : body,
    }));
    const events = [{ index: 0, body: envelope({}) }, ...many];
    const groups = [{ schema: dear, events }];
    // Compiled before: what is timed is the check.
    await check([{ schema: dear, events: [] }]);
    const outcome = await threads.run(merchant, 'checkEvents', { groups, timeoutMs: 1 });
    expect(outcome).toMatchObject({ kind: 'done', value: { kind: 'tooLong' } });
    const again = await check([{ schema, events: [{ index: 0, body: envelope({}) }] }]);
    expect(again).toMatchObject({ value: { kind: 'checked', refusals: [] } });
  });

  test('cuts a message into its events', async () => {
    const read = (body: string) =>
      threads.run(merchant, 'readEvents', {
        message: { contentType: 'application/json', headers: {}, body: Buffer.from(body) },
        isJson: true,
        timeoutMs: 5_000,
      });
    const data = '{"constructor":1,"a":"\\ud800"}';
    expect(await read(`{"events":[{"data":${data}},7]}`)).toMatchObject({
      value: { kind: 'read', events: [`{"data":${data}}`, '7'] },
    });
    expect(await read('{"events":[{"data":{"a":1,"a":1}}]}')).toMatchObject({
      value: { kind: 'refused', at: '/events/0/data/a' },
    });
    expect(await read('{"events":[')).toMatchObject({ value: { kind: 'malformed' } });
    expect(await read('{"events":[],"x":1}')).toMatchObject({ value: { at: '/x' } });
    expect(await read('{"events":1}')).toMatchObject({ value: { at: '/events' } });
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(await read(`{"events":[{"data":${deep}}]}`)).toMatchObject({
      value: { reason: 'is nested too deeply' },
    });
    expect(await read(`{"events":[{"id":${deep}}]}`)).toMatchObject({
      value: { reason: 'is nested too deeply', at: '/events/0' },
    });
  });

  test('has one task of a merchant at a time, and as many waiting as there may be', async () => {
    const input = { schema, timeoutMs: 5_000 };
    const all = Array.from({ length: 102 }, async () => threads.run(merchant, 'compile', input));
    const beside = threads.run(other, 'compile', input);
    const outcomes = await Promise.all(all);
    expect(outcomes.map(({ kind }) => kind).filter((kind) => kind === 'busy')).toHaveLength(1);
    expect((await beside).kind).toBe('done');
    expect((await threads.run(merchant, 'compile', input)).kind).toBe('done');
  });
});

describe('a thread that breaks', () => {
  let threads: WorkerThreads;
  afterEach(() => threads.close());
  const start = (lostAfterMs: number) => {
    const entry = new URL('../support/threads/broken-tasks.mjs', import.meta.url);
    threads = createWorkerThreads({ entry, lostAfterMs, onError: fail });
  };

  test('by never ending is ended', async () => {
    start(500);
    const input = { schema, timeoutMs: 1 };
    expect(await threads.run(merchant, 'compile', input)).toEqual({ kind: 'busy' });
    expect(await threads.run(merchant, 'compile', input)).toEqual({ kind: 'busy' });
  });

  test('by its memory is told so, and ends nobody else', async () => {
    start(60_000);
    const outcome = await threads.run(merchant, 'checkEvents', { groups: [], timeoutMs: 1 });
    expect(outcome).toEqual({ kind: 'tooLarge' });
  });

  test('in the middle of a task is started again, and the task with it', async () => {
    start(60_000);
    const folder = await mkdtemp(join(tmpdir(), 'tender-thread-'));
    const message = { contentType: join(folder, 'mark'), headers: {}, body: Buffer.from('') };
    const outcome = await threads.run(merchant, 'readEvents', {
      message,
      isJson: true,
      timeoutMs: 1,
    });
    expect(outcome).toEqual({ kind: 'done', value: { kind: 'read', events: [] } });
    await rm(folder, { recursive: true });
  });
});
