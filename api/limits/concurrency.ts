import { tooMany } from './rate.ts';

/** A concurrency limit per key, counted in this process. */
export type Concurrency = {
  /** Takes a place and returns an idempotent function that frees it. Throws a 429 problem if none is free. */
  enter(key: string): () => void;
};

const retrySeconds = 5;

/** `name` is the limit's name in the problem, `what` its description. */
export function createConcurrency(input: { name: string; what: string; max: number }): Concurrency {
  const { name, what, max } = input;
  const open = new Map<string, number>();
  return {
    enter(key) {
      const count = open.get(key) ?? 0;
      if (count >= max) throw tooMany(`At max ${max} ${what}.`, { name, seconds: retrySeconds });
      open.set(key, count + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const remaining = (open.get(key) ?? 1) - 1;
        if (remaining > 0) open.set(key, remaining);
        else open.delete(key);
      };
    },
  };
}
