/** Runs a step generator to its end without pausing. `db/work-in-slices.ts` runs one in time slices. */
export function atOnce<T>(steps: Iterator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
