import { existsSync, writeFileSync } from 'node:fs';

// Tasks by the names of the real ones, each of which breaks its thread in another way.

/** Never ends. */
export function compile() {
  for (;;) {
    // On and on.
  }
}

/** Takes more memory than its thread has. */
export function checkEvents() {
  const kept = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, () => ({})));
}

/** Ends its thread the first time, and leaves a mark by which it knows the second. */
export function readEvents({ message: { contentType: mark } }) {
  if (existsSync(mark)) return { kind: 'read', events: [] };
  writeFileSync(mark, '');
  process.exit(1);
}
