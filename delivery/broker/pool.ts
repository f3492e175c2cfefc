import pLimit from 'p-limit';
import type { Destination } from '../../domain/delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { runOutgoing } from '../../telemetry/survive-uncaught.ts';
import { createAllowance } from './allowance.ts';
import type { Allowance } from './allowance.ts';
import { openAmqp } from './amqp.ts';
import type { Framing } from './framing.ts';
import { createGuardedSockets, createSharedBounds } from './guarded-sockets.ts';
import type { GuardedSockets } from './guarded-sockets.ts';
import { openKafka } from './kafka.ts';
import { BrokerRefusal } from './refusal.ts';
import type { BrokerMessage, BrokerTarget, Publisher } from './publisher.ts';

/** The connections of one thread. */
export type Pool = {
  /** Resolves when the broker keeps the message. When `signal` aborts, what was opened for it is freed at once. */
  publish(input: {
    target: BrokerTarget;
    message: BrokerMessage;
    signal: AbortSignal;
  }): Promise<void>;
  /** Frees what an endpoint has: its client threw an error into the air. */
  fail(endpointId: EndpointId, reason: Error): void;
  /** Says goodbye to all brokers, and waits no longer than a second for their answer. */
  close(): Promise<void>;
};

type Kept = {
  endpointId: EndpointId;
  settings: string;
  opening: Promise<Publisher>;
  allowance: Allowance;
  sockets: GuardedSockets[];
  /** Messages that wait for a confirm, by what rejects them. */
  waiting: Set<(reason: Error) => void>;
  usedAtMs: number;
  /** Rejects when the connection is of no more use. */
  over: Promise<never>;
  end: (reason: Error) => void;
  isLeaving: boolean;
  isOver: boolean;
};

const idleMs = 10 * 60_000;
const mostConnections = 1_000;
const goodbyeMs = 1_000;
// Those that could not be opened the last time leave room for those that perhaps can.
const [mostOpening, mostOpeningAgain] = [256, 192];
const rememberedFailures = 10_000;

// What a broker may send unasked, to begin with and by the second.
const allowances: Record<Destination['kind'], { mostBytes: number; perSecondBytes: number }> = {
  amqp: { mostBytes: 256 * 1_024, perSecondBytes: 4 * 1_024 },
  kafka: { mostBytes: 1_280 * 1_024, perSecondBytes: 16 * 1_024 },
};

/** Keeps one connection an endpoint, opened by its first message, closed when idle, broken or changed. */
export function createPool({
  allowPrivate,
  onFeed,
}: {
  allowPrivate: boolean;
  /** Before a client is given what a broker sent. */
  onFeed: (endpointId: EndpointId) => void;
}): Pool {
  const kept = new Map<EndpointId, Kept>();
  const shared = createSharedBounds();
  const [openings, openingsAgain] = [pLimit(mostOpening), pLimit(mostOpeningAgain)];
  const failed = new Set<EndpointId>();
  const retirer = setInterval(retireIdle, 60_000).unref();

  function forget(one: Kept): void {
    if (kept.get(one.endpointId) === one) kept.delete(one.endpointId);
  }

  /** Frees a connection at once; whoever waits for it is told why. */
  function drop(one: Kept, reason: Error): void {
    forget(one);
    one.isOver = true;
    onBehalfOf(one, () => {
      for (const sockets of one.sockets) sockets.close(reason);
      one.opening.then((publisher) => publisher.close()).catch(() => {});
    });
    one.end(reason);
    for (const reject of one.waiting) reject(reason);
  }

  /** For a connection that nobody waits for any more: says goodbye first. */
  async function retire(one: Kept, reason: Error): Promise<void> {
    forget(one);
    one.isLeaving = true;
    let timer: NodeJS.Timeout | undefined;
    const longEnough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, goodbyeMs);
    });
    const goodbye = onBehalfOf(one, () =>
      one.opening.then((publisher) => publisher.close()).catch(() => {}),
    );
    await Promise.race([goodbye, longEnough]);
    clearTimeout(timer);
    drop(one, reason);
  }

  function retireIdle(): void {
    for (const one of kept.values()) {
      if (one.usedAtMs < Date.now() - idleMs && one.waiting.size === 0) void retire(one, idle());
    }
  }

  /** Its messages are told at once; the broker may have spoken in order, and is told goodbye. */
  function breakOff(one: Kept, reason: Error = closedByBroker()): void {
    if (one.isOver || one.isLeaving) return;
    for (const reject of one.waiting) reject(reason);
    void retire(one, reason);
  }

  function connectionTo(target: BrokerTarget): Kept {
    const { endpointId, url, destination, auth } = target;
    const settings = JSON.stringify([url, destination, auth]);
    const known = kept.get(endpointId);
    // The one that was used last goes to the end, and the one at the front makes room.
    kept.delete(endpointId);
    if (known?.settings === settings) {
      kept.set(endpointId, known);
      return known;
    }
    if (known) retireLater(known);
    makeRoom();
    const fresh = newConnection(target, settings);
    kept.set(endpointId, fresh);
    fresh.opening = open(fresh, target);
    fresh.opening.then(
      () => failed.delete(endpointId),
      (error: Error) => {
        if (failed.size >= rememberedFailures) failed.clear();
        failed.add(endpointId);
        drop(fresh, error);
      },
    );
    return fresh;
  }

  /** What is under way on it ends first. */
  function retireLater(one: Kept): void {
    if (one.waiting.size === 0) void retire(one, changed());
    else setTimeout(() => retireLater(one), goodbyeMs).unref();
  }

  function makeRoom(): void {
    if (kept.size < mostConnections) return;
    for (const one of kept.values()) {
      if (one.waiting.size > 0) continue;
      void retire(one, idle());
      return;
    }
    throw new BrokerRefusal('too_many_connections', `${mostConnections} are all in use`);
  }

  async function open(one: Kept, target: BrokerTarget): Promise<Publisher> {
    const { endpointId } = target;
    const start = () => {
      if (one.isOver) return one.over;
      const begin = () => openPublisher(target, { guard, onBroken: (why) => breakOff(one, why) });
      return Promise.race([onBehalfOf(one, begin), one.over]);
    };
    const guard = (framing: Framing) => {
      const sockets = createGuardedSockets({
        allowPrivate,
        framing,
        shared,
        allowance: one.allowance,
        onFeed: () => onFeed(endpointId),
        refuse: (reason) => drop(one, reason),
      });
      one.sockets.push(sockets);
      return sockets;
    };
    return failed.has(endpointId) ? openingsAgain(() => openings(start)) : openings(start);
  }

  return {
    publish({ target, message, signal }) {
      const one = connectionTo(target);
      one.usedAtMs = Date.now();
      one.allowance.earn(Buffer.byteLength(message.body));
      return new Promise<void>((resolve, reject) => {
        one.waiting.add(reject);
        const abort = () => {
          const reason = signal.reason as BrokerRefusal;
          reject(reason);
          // A broker that does not answer is connected to anew the next time; others may still be answered.
          if (reason.code === 'timeout' || one.waiting.size === 1) drop(one, unanswered());
        };
        signal.addEventListener('abort', abort, { once: true });
        one.opening
          .then((publisher) => onBehalfOf(one, () => publisher.publish(message)))
          .then(resolve, reject)
          .finally(() => {
            one.waiting.delete(reject);
            one.allowance.settle();
            signal.removeEventListener('abort', abort);
          });
      });
    },
    fail(endpointId, reason) {
      const one = kept.get(endpointId);
      if (one) drop(one, reason);
    },
    async close() {
      clearInterval(retirer);
      await Promise.all([...kept.values()].map((one) => retire(one, closed())));
    },
  };
}

/** What a client throws into the air is known by its endpoint. */
function onBehalfOf<T>({ endpointId }: Kept, run: () => T): T {
  return runOutgoing({ kind: 'broker', target: endpointId }, run);
}

function newConnection({ endpointId, destination }: BrokerTarget, settings: string): Kept {
  let end: Kept['end'] = () => {};
  const over = new Promise<never>((_, reject) => {
    end = reject;
  });
  over.catch(() => {});
  return {
    endpointId,
    settings,
    over,
    end,
    opening: over,
    allowance: createAllowance(allowances[destination.kind]),
    sockets: [],
    waiting: new Set(),
    usedAtMs: Date.now(),
    isLeaving: false,
    isOver: false,
  };
}

function openPublisher(
  { url, destination, auth }: BrokerTarget,
  shared: { guard: (framing: Framing) => GuardedSockets; onBroken: (reason?: Error) => void },
): Promise<Publisher> {
  const parsed = new URL(url);
  return destination.kind === 'amqp'
    ? openAmqp({ url: parsed, destination, auth, ...shared })
    : openKafka({ url: parsed, destination, auth, ...shared });
}

const closedByBroker = () => new BrokerRefusal('closed', 'the broker closed the connection');
const unanswered = () => new BrokerRefusal('closed', 'the broker left a message unanswered');
const idle = () => new BrokerRefusal('closed', 'the connection was idle');
const changed = () => new BrokerRefusal('closed', 'the endpoint was changed');
const closed = () => new BrokerRefusal('closed', 'Tender stops');
