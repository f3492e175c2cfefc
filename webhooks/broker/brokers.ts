import type { Destination } from '../../domain/delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { EndpointAuth } from '../access.ts';
import { timeoutMs } from '../connections.ts';
import { openAmqp } from './amqp.ts';
import { openKafka } from './kafka.ts';
import { BrokerRefusal } from './publisher.ts';
import type { BrokerMessage, Publisher } from './publisher.ts';

/** Where a message goes: one endpoint's exchange or topic, and how Tender gets in. */
export type BrokerTarget = {
  endpointId: EndpointId;
  url: string;
  destination: Destination;
  auth: EndpointAuth;
};

export type Brokers = {
  /** Resolves when the broker keeps the message. Rejects with why not, after 20 s at the latest. */
  publish(target: BrokerTarget, message: BrokerMessage): Promise<void>;
  close(): Promise<void>;
};

const idleMs = 10 * 60_000;
const mostConnections = 1_000;

type Kept = { settings: string; opening: Promise<Publisher>; usedAtMs: number };

/** Keeps one connection an endpoint, opened by its first message, closed when idle, broken or changed. */
export function createBrokers({ allowPrivate }: { allowPrivate: boolean }): Brokers {
  const kept = new Map<EndpointId, Kept>();
  const sweeper = setInterval(closeIdle, 60_000).unref();

  /** Closes a connection once: its own end is heard here too. */
  async function drop(endpointId: EndpointId, one: Kept): Promise<void> {
    if (kept.get(endpointId) !== one) return;
    kept.delete(endpointId);
    await one.opening.then((publisher) => publisher.close()).catch(() => {});
  }

  function closeIdle(): void {
    for (const [id, one] of kept) if (one.usedAtMs < Date.now() - idleMs) void drop(id, one);
  }

  function connectionTo(target: BrokerTarget): Kept {
    const { endpointId, url, destination, auth } = target;
    const settings = JSON.stringify([url, destination, auth]);
    const known = kept.get(endpointId);
    if (known?.settings === settings) return known;
    if (known) void drop(endpointId, known);
    const onBroken = () => void drop(endpointId, fresh);
    const fresh: Kept = {
      settings,
      opening: open(target, { allowPrivate, onBroken }),
      usedAtMs: Date.now(),
    };
    fresh.opening.catch(onBroken);
    const [oldest] = kept;
    if (oldest && kept.size >= mostConnections) void drop(...oldest);
    kept.set(endpointId, fresh);
    return fresh;
  }

  return {
    async publish(target, message) {
      const connection = connectionTo(target);
      connection.usedAtMs = Date.now();
      const work = connection.opening.then((publisher) => publisher.publish(message));
      try {
        await within(work);
      } catch (error) {
        // A broker that does not answer is connected to anew the next time.
        if (error instanceof BrokerRefusal && error.code === 'timeout') {
          void drop(target.endpointId, connection);
        }
        throw error;
      }
    },
    async close() {
      clearInterval(sweeper);
      await Promise.all([...kept].map(([id, one]) => drop(id, one)));
    },
  };
}

function open(
  { url, destination, auth }: BrokerTarget,
  shared: { allowPrivate: boolean; onBroken: () => void },
): Promise<Publisher> {
  const parsed = new URL(url);
  return destination.kind === 'amqp'
    ? openAmqp({ url: parsed, destination, auth, ...shared })
    : openKafka({ url: parsed, destination, auth, ...shared });
}

async function within(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const refusal = new BrokerRefusal('timeout', `not confirmed within ${timeoutMs} ms`);
    timer = setTimeout(() => reject(refusal), timeoutMs);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
