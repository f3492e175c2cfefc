/** Workflow runs that this process has examined already. */
export type HandledRuns = { has(runId: string): boolean; add(runId: string): void };

const mostKept = 20_000;

export function createHandledRuns(): HandledRuns {
  const kept = new Set<string>();
  return {
    has: (runId) => kept.has(runId),
    add(runId) {
      const [oldest] = kept;
      if (oldest !== undefined && kept.size >= mostKept) kept.delete(oldest);
      kept.add(runId);
    },
  };
}
