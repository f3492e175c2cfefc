import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBrokers } from '../../delivery/broker/brokers.ts';
import type { Brokers } from '../../delivery/broker/brokers.ts';
import { brokerCodeOf } from '../../delivery/broker/code-of.ts';
import { createQuarantine } from '../../delivery/broker/quarantine.ts';
import { brokerMessage, brokerTarget } from '../support/hostile/broker-target.ts';

// What becomes of a thread that dies all the same, with one in place of the clients' that can be made to.

describe('a thread that an endpoint’s broker ends', () => {
  let brokers: Brokers;
  beforeEach(() => {
    const threadFile = new URL('../support/hostile/mortal-thread.ts', import.meta.url);
    brokers = createBrokers({ allowPrivate: true, threadFile });
  });
  afterEach(() => brokers.close());

  const publish = (name: string) =>
    brokers
      .publish(brokerTarget('amqp', { port: 1, name }), brokerMessage('evt_1'))
      .then(() => 'accepted', brokerCodeOf);

  test.each(['throws', 'loops', 'eats'])(
    'that %s costs that endpoint alone an attempt',
    async (deed) => {
      expect(await publish('honest')).toBe('accepted');
      const outcomes = await Promise.all(['honest', deed, 'other'].map(publish));
      expect(outcomes).toEqual(['accepted', 'client_failed', 'accepted']);
    },
  );

  test('ends a thread of its own the next time, and is then not tried for a while', async () => {
    expect(await publish('throws')).toBe('client_failed');
    const outcomes = await Promise.all(['honest', 'throws'].map(publish));
    expect(outcomes).toEqual(['accepted', 'client_failed']);
    await expect(
      brokers.publish(brokerTarget('amqp', { port: 1, name: 'throws' }), brokerMessage('evt_1')),
    ).rejects.toThrow('more than once');
    expect(await publish('honest')).toBe('accepted');
  });
});

describe('the quarantine', () => {
  const hourMs = 60 * 60_000;
  let nowMs: number;
  let quarantine: ReturnType<typeof createQuarantine>;
  beforeEach(() => {
    nowMs = 0;
    quarantine = createQuarantine({ now: () => nowMs });
  });

  test('leaves among the others whoever was not blamed', () => {
    quarantine.blame('ep_a');
    expect(quarantine.placeOf('ep_b')).toBe('among_others');
    expect(quarantine.placeOf('ep_a')).toBe('apart');
  });

  test('cools for twice as long each time, up to an hour', () => {
    quarantine.blame('ep_a');
    for (const coolingMs of [30_000, 60_000, 120_000]) {
      quarantine.blame('ep_a');
      nowMs += coolingMs - 1;
      expect(quarantine.placeOf('ep_a')).toBe('cooling');
      nowMs += 1;
      expect(quarantine.placeOf('ep_a')).toBe('apart');
    }
    for (let times = 0; times < 50; times += 1) quarantine.blame('ep_a');
    nowMs += hourMs;
    expect(quarantine.placeOf('ep_a')).toBe('apart');
  });

  test('forgets after an hour without trouble', () => {
    quarantine.blame('ep_a');
    nowMs += hourMs;
    expect(quarantine.placeOf('ep_a')).toBe('among_others');
  });
});
