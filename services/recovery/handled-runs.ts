import { LRUCache } from 'lru-cache';

/** Workflow runs that this process has examined already. */
export type HandledRuns = { has(runId: string): boolean; add(runId: string): void };

const maxKept = 20_000;

export function createHandledRuns(): HandledRuns {
  const handled = new LRUCache<string, true>({ max: maxKept });
  return {
    has: (runId) => handled.has(runId),
    add: (runId) => void handled.set(runId, true),
  };
}
