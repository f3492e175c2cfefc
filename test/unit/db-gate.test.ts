import { expect, test } from 'vitest';
import { createGate } from '../../db/gate.ts';

// Long enough that a gate which does not open fails the test, and nothing waits for it otherwise.
const foreverMs = 3_600_000;

test('whoever waits goes on when the gate is opened', async () => {
  const gate = createGate();
  const waiting = gate.wait(foreverMs);
  gate.open();
  await expect(waiting).resolves.toBeUndefined();
});

test('an opening just before is not missed', async () => {
  const gate = createGate();
  gate.open();
  await expect(gate.wait(foreverMs)).resolves.toBeUndefined();
});

test('many openings are one, and the next wait waits again', async () => {
  const gate = createGate();
  gate.open();
  gate.open();
  await gate.wait(foreverMs);
  let isPast = false;
  const waiting = gate.wait(foreverMs).then(() => {
    isPast = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isPast).toBe(false);
  gate.open();
  await waiting;
});

test('an opening while someone works between two waits is kept for the next', async () => {
  const gate = createGate();
  const first = gate.wait(foreverMs);
  gate.open();
  await first;
  gate.open();
  await expect(gate.wait(foreverMs)).resolves.toBeUndefined();
});

test('a wait ends by itself when its time is over, and the gate still works', async () => {
  const gate = createGate();
  await gate.wait(1);
  const waiting = gate.wait(foreverMs);
  gate.open();
  await expect(waiting).resolves.toBeUndefined();
});
