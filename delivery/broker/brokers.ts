import { timeoutMs } from '../send/connections.ts';
import { createHost, HostDied } from './host.ts';
import type { Host } from './host.ts';
import { BrokerRefusal } from './refusal.ts';
import type { BrokerMessage, BrokerTarget } from './publisher.ts';
import { createQuarantine } from './quarantine.ts';

export type { BrokerTarget } from './publisher.ts';

export type Brokers = {
  /**
   * Resolves when the broker has confirmed the message. Rejects with a `BrokerRefusal` after 20 s at the latest,
   * including connecting, or when `signal` aborts; a connection opened for it is then closed at once.
   */
  publish(
    target: BrokerTarget,
    message: BrokerMessage,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Completes within seconds, whatever brokers do. */
  close(): Promise<void>;
};

const stallMs = 3_000;
const [heapMb, apartHeapMb] = [256, 96];
/** A message whose thread was ended by another endpoint's broker is sent by a new thread. */
const mostTries = 3;

/**
 * Publishes to merchants' brokers, whose bytes are untrusted: their clients run in a worker thread, and an endpoint
 * whose bytes ended it continues in another thread, apart from the rest.
 */
export function createBrokers({
  allowPrivate,
  deadlineMs = timeoutMs,
  threadFile,
  onError = () => {},
}: {
  allowPrivate: boolean;
  deadlineMs?: number;
  threadFile?: URL;
  /** Receives the death of a thread, with the endpoint whose bytes it processed last. */
  onError?: ((error: HostDied) => void) | undefined;
}): Brokers {
  const quarantine = createQuarantine();
  const hosts: Partial<Record<'among_others' | 'apart', Host>> = {};
  const closing = new AbortController();

  function hostOf({ endpointId }: BrokerTarget): Host {
    if (closing.signal.aborted) throw new BrokerRefusal('closed', 'Tender stops');
    const place = quarantine.placeOf(endpointId);
    if (place === 'cooling') {
      throw new BrokerRefusal('client_failed', 'the broker has crashed its client more than once');
    }
    const known = hosts[place];
    if (known && !known.isDead()) return known;
    const fresh = createHost({
      allowPrivate,
      stallMs,
      file: threadFile,
      heapMb: place === 'apart' ? apartHeapMb : heapMb,
      onDeath: (death) => {
        if (closing.signal.aborted) return;
        onError(death);
        if (death.culprit) quarantine.blame(death.culprit);
      },
    });
    hosts[place] = fresh;
    return fresh;
  }

  async function publishWithin(
    target: BrokerTarget,
    message: BrokerMessage,
    signal: AbortSignal,
  ): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await hostOf(target).publish(target, message, signal);
      } catch (error) {
        if (!(error instanceof HostDied)) throw error;
        if (closing.signal.aborted) throw new BrokerRefusal('closed', 'Tender stops');
        const isItsOwn = error.culprit === target.endpointId;
        if (isItsOwn || tries === mostTries) {
          throw new BrokerRefusal('client_failed', error.message);
        }
      }
    }
  }

  return {
    async publish(target, message, { signal: callerSignal } = {}) {
      const controller = new AbortController();
      const abortWith = (code: string, why: string) =>
        controller.abort(new BrokerRefusal(code, why));
      const timer = setTimeout(
        () => abortWith('timeout', `not confirmed within ${deadlineMs} ms`),
        deadlineMs,
      );
      const abort = () => abortWith('cancelled', 'the caller has gone');
      callerSignal?.addEventListener('abort', abort, { once: true });
      if (callerSignal?.aborted) abort();
      try {
        await publishWithin(target, message, controller.signal);
      } finally {
        clearTimeout(timer);
        callerSignal?.removeEventListener('abort', abort);
      }
    },
    async close() {
      closing.abort();
      await Promise.all(Object.values(hosts).map((host) => host.close()));
    },
  };
}
