import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrokers } from '../../delivery/broker/brokers.ts';
import type { Brokers } from '../../delivery/broker/brokers.ts';
import { brokerMessage, brokerTarget } from '../support/hostile/broker-target.ts';
import type { BrokerKind } from '../support/hostile/broker-target.ts';
import { startHostileAmqp } from '../support/hostile/hostile-amqp.ts';
import { startHostileKafka } from '../support/hostile/hostile-kafka.ts';
import { until } from '../support/until.ts';

// Hundreds of brokers that behave up to a point, beside honest ones that must notice nothing. A seed that fails is
// in the message; startHostileAmqp or startHostileKafka with it does the same again. FUZZ_SEEDS=from,count chooses others.

const [firstSeed = 1, seedCount = 150] = (process.env['FUZZ_SEEDS'] ?? '1,150')
  .split(',')
  .map(Number);
const start = { amqp: startHostileAmqp, kafka: startHostileKafka } as const;
const deadlineMs = 1_000;
const megabyte = 1_024 * 1_024;

let brokers: Brokers;
beforeAll(() => {
  brokers = createBrokers({ allowPrivate: true, deadlineMs });
});
afterAll(() => brokers.close());

/** Some messages to one hostile broker. Returns what became of them. */
async function visit(kind: BrokerKind, seed: number): Promise<string | undefined> {
  const hostile = await start[kind]({ seed });
  const target = brokerTarget(kind, { port: hostile.port, name: `${kind}${seed}` });
  try {
    for (let round = 0; round < 2; round += 1) {
      const publishing = [1, 2, 3].map((number) =>
        brokers.publish(target, brokerMessage(`evt_${seed}_${round}_${number}`)),
      );
      for (const settled of await Promise.allSettled(publishing)) {
        if (settled.status === 'fulfilled') continue;
        // All that may come over the boundary; anything else is a fault of ours.
        const { reason } = settled as { reason: Error };
        const isExpected = reason.name === 'BrokerRefusal' && !/thread/.test(reason.message);
        if (!isExpected)
          return `${kind} ${seed} ${hostile.attack}@${hostile.step}: ${reason.stack}`;
      }
    }
    return undefined;
  } finally {
    await hostile.close();
  }
}

test.each(['amqp', 'kafka'] as const)(
  'no %s broker of any seed reaches its neighbours',
  async (kind) => {
    const honest = await start[kind]({ seed: 1, attack: 'none' });
    const target = brokerTarget(kind, { port: honest.port, name: `honest_${kind}` });
    await brokers.publish(target, brokerMessage('evt_first'));
    const before = process.memoryUsage.rss();

    let isOver = false;
    let published = 1;
    const neighbour = (async () => {
      while (!isOver) {
        await brokers.publish(target, brokerMessage(`evt_honest_${published}`));
        published += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const atOnce = pLimit(25);
    const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index);
    const faults = await Promise.all(seeds.map((seed) => atOnce(() => visit(kind, seed))));
    isOver = true;
    await neighbour;

    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    expect(honest.received()).toBe(published);
    expect(honest.openSockets()).toBe(1);
    expect(process.memoryUsage.rss() - before).toBeLessThan(250 * megabyte);
    await honest.close();
    await until(
      'no socket of theirs',
      () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'),
    );
  },
);
