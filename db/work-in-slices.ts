/**
 * How long tenants' work may hold the event loop before others are served. One slice holds what was begun
 * within it to its end, so the longest stall is a slice and one step.
 */
const sliceMs = 10;

// One slice a turn of the loop, whoever works: a hundred requests with a slice each would hold it for a second.
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

/** True when whoever works in steps should `await nextSlice()` before its next one. */
export function isSliceUsed(): boolean {
  // Read first: beginning a turn costs more than all else here.
  const beganMs = beginTurn();
  return performance.now() - beganMs >= sliceMs;
}

/** Lets others have the event loop, and goes on when it is one's turn. */
export function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    beginTurn();
  });
}

/** Runs work that yields between its steps, so that no step but the last of a slice is waited for. */
export async function workInSlices<T>(work: Iterator<unknown, T>): Promise<T> {
  for (;;) {
    if (isSliceUsed()) await nextSlice();
    const step = work.next();
    if (step.done) return step.value;
  }
}
