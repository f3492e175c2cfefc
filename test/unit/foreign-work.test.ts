import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rooms } from '../../lint/rooms.mjs';

const files = Object.keys(rooms)
  .filter((room) => room !== 'simulators')
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((path) => `${room}/${path}`),
  )
  .filter((path) => /\.(tsx?|mjs)$/.test(path))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const filesWith = (expression: RegExp) =>
  files.filter(({ text }) => expression.test(text)).map(({ path }) => path);

test('what merchants may make arbitrarily dear is done by a thread, or where its size is looked at', () => {
  expect(filesWith(/from '(ajv|ajv-formats)[/']/)).toEqual(['api/event-types/compile-schema.ts']);
  expect(filesWith(/compile-schema\.ts'/)).toEqual([
    'api/worker-threads/schema-cache.ts',
    'api/worker-threads/tasks.ts',
  ]);
  expect(filesWith(/import \{[^}]*\bdecode\b[^}]*\} from '.*format\/index\.ts'/)).toEqual([
    'api/events/incoming-events.ts',
    'api/worker-threads/tasks.ts',
  ]);
});

test('only the helper for it shares out the event loop', () => {
  expect(filesWith(/setImmediate/)).toEqual([
    'db/work-in-slices.ts',
    'delivery/publish/publish-batcher.ts',
  ]);
});

test('filters are run by those who let others have the loop in between', () => {
  expect(filesWith(/\bcompileFilter\(/)).toEqual([
    'api/events/read-feed.ts',
    'domain/filter.ts',
    'domain/matching.ts',
    'domain/topic.ts',
  ]);
  expect(
    filesWith(/\b(fanOut|explainFilter)\(/).filter((path) => !path.startsWith('domain/')),
  ).toEqual(['api/endpoints/dry-run-filter.ts', 'db/queries/messaging/publish-to-topic.ts']);
  for (const path of [
    'api/endpoints/dry-run-filter.ts',
    'db/queries/messaging/publish-to-topic.ts',
  ]) {
    expect(readFileSync(path, 'utf8')).toContain('workInSlices(');
  }
});
