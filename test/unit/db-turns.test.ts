import { expect, test } from 'vitest';
import { createTurns } from '../../db/turns.ts';

/** Work that is under way until it is ended. */
function heldWork() {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  return { begun, work, endFirst: () => ends.shift()?.() };
}

test('so many of a key are done at once, the rest in order, and those of another key meanwhile', async () => {
  const { begun, work, endFirst } = heldWork();
  const take = createTurns({ atOnce: 2 });
  const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => take(name.slice(0, 1), work(name)));
  await Promise.resolve();
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  for (const _ of all) {
    endFirst();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1']);
});

test('work that fails gives its turn to the next', async () => {
  const take = createTurns({ atOnce: 1 });
  const failed = take('a', () => Promise.reject(new Error('no')));
  const done = take('a', () => Promise.resolve('yes'));
  await expect(failed).rejects.toThrow('no');
  expect(await done).toBe('yes');
});
