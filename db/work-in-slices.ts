/**
 * How long tenants' work may hold the event loop before other work runs. A step that starts within a slice runs to its
 * end, so the longest stall is a slice and one step.
 */
const sliceMs = 10;

// One slice per turn of the event loop for all work together: a hundred requests with a slice each would hold it for a
// second.
const waiting: (() => void)[] = [];
let turnBeganMs: number | undefined;

function endTurn(): void {
  turnBeganMs = undefined;
  const next = waiting.shift();
  if (!next) return;
  beginTurn();
  next();
}

function beginTurn(): number {
  if (turnBeganMs !== undefined) return turnBeganMs;
  setImmediate(endTurn);
  return (turnBeganMs = performance.now());
}

/** True if work in steps should `await nextSlice()` before its next step. */
export function isSliceUsed(): boolean {
  // Read first: beginning a turn is the most expensive part.
  const beganMs = beginTurn();
  return performance.now() - beganMs >= sliceMs;
}

/** Yields the event loop, and resolves in the caller's turn. */
export function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    beginTurn();
  });
}

/** Runs work that yields between its steps, and lets other work run after each slice. */
export async function workInSlices<T>(work: Iterator<unknown, T>): Promise<T> {
  for (;;) {
    if (isSliceUsed()) await nextSlice();
    const step = work.next();
    if (step.done) return step.value;
  }
}
