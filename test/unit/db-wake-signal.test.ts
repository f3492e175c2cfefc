import { expect, test } from 'vitest';
import { createWakeSignal } from '../../db/wake-signal.ts';

// Long enough that a wake which does not open fails the test, and nothing waits for it otherwise.
const foreverMs = 3_600_000;

test('whoever waits goes on when the wake is opened', async () => {
  const wake = createWakeSignal();
  const waiting = wake.wait(foreverMs);
  wake.signal();
  await expect(waiting).resolves.toBeUndefined();
});

test('an opening just before is not missed', async () => {
  const wake = createWakeSignal();
  wake.signal();
  await expect(wake.wait(foreverMs)).resolves.toBeUndefined();
});

test('many openings are one, and the next wait waits again', async () => {
  const wake = createWakeSignal();
  wake.signal();
  wake.signal();
  await wake.wait(foreverMs);
  let isPast = false;
  const waiting = wake.wait(foreverMs).then(() => {
    isPast = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isPast).toBe(false);
  wake.signal();
  await waiting;
});

test('an opening while someone works between two waits is kept for the next', async () => {
  const wake = createWakeSignal();
  const first = wake.wait(foreverMs);
  wake.signal();
  await first;
  wake.signal();
  await expect(wake.wait(foreverMs)).resolves.toBeUndefined();
});

test('a wait ends by itself when its time is over, and the wake still works', async () => {
  const wake = createWakeSignal();
  await wake.wait(1);
  const waiting = wake.wait(foreverMs);
  wake.signal();
  await expect(waiting).resolves.toBeUndefined();
});
