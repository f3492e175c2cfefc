/** Runs work that comes in steps to its end, where nobody waits: see `db/work-in-slices.ts` where others do. */
export function atOnce<T>(steps: Iterator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
