/** In place of the thread of brokers' clients: each endpoint's id says what its broker's bytes do to the thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { fedSignal, lifeSignal } from '../../../delivery/broker/wire.ts';
import type { FromThread, ThreadData, ToThread } from '../../../delivery/broker/wire.ts';

const { signals } = workerData as ThreadData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const answer = (said: FromThread) => parentPort?.postMessage(said);

const deeds: Record<string, () => void> = {
  ep_loops: () => {
    for (;;);
  },
  ep_throws: () => {
    throw new Error('thrown by a client');
  },
  ep_eats: () => {
    const eaten: object[] = [];
    for (;;) eaten.push({ eaten: [1, 2, 3] });
  },
};

parentPort?.on('message', (asked: ToThread) => {
  if (asked.kind === 'close') return answer({ kind: 'closed' });
  if (asked.kind === 'abort') return;
  const { call, number, target } = asked;
  // The others are answered a little later, so that a death finds them waiting.
  setTimeout(
    () => {
      Atomics.store(signals, fedSignal, number);
      deeds[target.endpointId]?.();
      answer({ kind: 'settled', call });
    },
    target.endpointId in deeds ? 0 : 50,
  );
});

setInterval(() => Atomics.add(signals, lifeSignal, 1), 50);
answer({ kind: 'ready' });
