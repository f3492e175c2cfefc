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
  /**
   * Resolves when the broker has confirmed the message. When `signal` aborts, a connection opened for it is closed at
   * once.
   */
  publish(input: {
    target: BrokerTarget;
    message: BrokerMessage;
    signal: AbortSignal;
  }): Promise<void>;
  /** Closes an endpoint's connection after its client threw an uncaught error. */
  fail(endpointId: EndpointId, reason: Error): void;
  /** Closes all connections gracefully, and waits at most a second for the brokers' answers. */
  close(): Promise<void>;
};

type Kept = {
  endpointId: EndpointId;
  settings: string;
  opening: Promise<Publisher>;
  allowance: Allowance;
  sockets: GuardedSockets[];
  /** The reject functions of messages that wait for a confirm. */
  waiting: Set<(reason: Error) => void>;
  usedAtMs: number;
  /** Rejects when the connection is closed or broken. */
  over: Promise<never>;
  end: (reason: Error) => void;
  isLeaving: boolean;
  isOver: boolean;
};

const idleMs = 10 * 60_000;
const mostConnections = 1_000;
const closeGraceMs = 1_000;
// Endpoints whose last connection attempt failed leave room for the others.
const [mostOpening, mostOpeningAgain] = [256, 192];
const rememberedFailures = 10_000;

// How much a broker may send unasked: initially, and per second.
const allowances: Record<Destination['kind'], { mostBytes: number; perSecondBytes: number }> = {
  amqp: { mostBytes: 256 * 1_024, perSecondBytes: 4 * 1_024 },
  kafka: { mostBytes: 1_280 * 1_024, perSecondBytes: 16 * 1_024 },
};

/** Keeps one connection per endpoint: opened by its first message, closed when idle, broken or changed. */
export function createPool({
  allowPrivate,
  onFeed,
}: {
  allowPrivate: boolean;
  /** Called before a client gets a broker's bytes. */
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

  /** Closes a connection at once and rejects its waiting messages. */
  function drop(one: Kept, reason: Error): void {
    forget(one);
    one.isOver = true;
    attributedTo(one, () => {
      for (const sockets of one.sockets) sockets.close(reason);
      one.opening.then((publisher) => publisher.close()).catch(() => {});
    });
    one.end(reason);
    for (const reject of one.waiting) reject(reason);
  }

  /** Closes a connection without waiting messages, gracefully first. */
  async function retire(one: Kept, reason: Error): Promise<void> {
    forget(one);
    one.isLeaving = true;
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeGraceMs);
    });
    const closing = attributedTo(one, () =>
      one.opening.then((publisher) => publisher.close()).catch(() => {}),
    );
    await Promise.race([closing, graceOver]);
    clearTimeout(timer);
    drop(one, reason);
  }

  function retireIdle(): void {
    for (const one of kept.values()) {
      if (one.usedAtMs < Date.now() - idleMs && one.waiting.size === 0) void retire(one, idle());
    }
  }

  /** Rejects its messages at once; closes gracefully, because the broker may have closed in good order. */
  function closeBroken(one: Kept, reason: Error = closedByBroker()): void {
    if (one.isOver || one.isLeaving) return;
    for (const reject of one.waiting) reject(reason);
    void retire(one, reason);
  }

  function connectionTo(target: BrokerTarget): Kept {
    const { endpointId, url, destination, auth } = target;
    const settings = JSON.stringify([url, destination, auth]);
    const known = kept.get(endpointId);
    // Moves the most recently used connection to the end; the one at the front is evicted first.
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

  /** After its messages in flight. */
  function retireLater(one: Kept): void {
    if (one.waiting.size === 0) void retire(one, changed());
    else setTimeout(() => retireLater(one), closeGraceMs).unref();
  }

  function makeRoom(): void {
    if (kept.size < mostConnections) return;
    for (const one of kept.values()) {
      if (one.waiting.size > 0) continue;
      void retire(one, idle());
      return;
    }
    throw new BrokerRefusal(
      'too_many_connections',
      `all ${mostConnections} connections are in use`,
    );
  }

  async function open(one: Kept, target: BrokerTarget): Promise<Publisher> {
    const { endpointId } = target;
    const start = () => {
      if (one.isOver) return one.over;
      const begin = () =>
        openPublisher(target, { guard, onBroken: (why) => closeBroken(one, why) });
      return Promise.race([attributedTo(one, begin), one.over]);
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
          // An unresponsive broker gets a new connection next time; other messages may still be answered.
          if (reason.code === 'timeout' || one.waiting.size === 1) drop(one, unanswered());
        };
        signal.addEventListener('abort', abort, { once: true });
        one.opening
          .then((publisher) => attributedTo(one, () => publisher.publish(message)))
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

/** Attributes a client's uncaught errors to its endpoint. */
function attributedTo<T>({ endpointId }: Kept, run: () => T): T {
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
