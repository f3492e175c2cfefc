import { Worker } from 'node:worker_threads';
import type { EndpointId } from '../../domain/ids.ts';
import { usedNameServers } from '../../outbound/name-servers.ts';
import { BrokerRefusal } from './refusal.ts';
import type { BrokerMessage, BrokerTarget } from './publisher.ts';
import { fedSignal, lifeSignal, signalCount } from './wire.ts';
import type { FromThread, ThreadData, ToThread } from './wire.ts';

/** One thread of brokers' clients, started by its first message. When it dies, it is of no more use. */
export type Host = {
  /** Rejects with a `BrokerRefusal`, or with a `HostDied`. */
  publish(target: BrokerTarget, message: BrokerMessage, signal: AbortSignal): Promise<void>;
  isDead(): boolean;
  close(): Promise<void>;
};

/** The thread ended while it had messages. */
export class HostDied extends Error {
  override readonly name = 'HostDied';
  /** Whose bytes it was given last. */
  readonly culprit: EndpointId | undefined;
  constructor(why: string, culprit: EndpointId | undefined) {
    super(why);
    this.culprit = culprit;
  }
}

const lookEveryMs = 250;
// A thread that only starts has modules to load.
const startLooks = 120;
const closeMs = 2_000;
const mostRememberedEndpoints = 10_000;

type Call = { resolve: () => void; reject: (reason: Error) => void };

export function createHost({
  allowPrivate,
  stallMs,
  heapMb,
  file = new URL('./thread.ts', import.meta.url),
  onDeath,
}: {
  allowPrivate: boolean;
  /** For how long it may do nothing but one piece of work. */
  stallMs: number;
  heapMb: number;
  /** What the thread runs; tests have one that can be made to die. */
  file?: URL | undefined;
  onDeath: (death: HostDied) => void;
}): Host {
  const signals = new Int32Array(new SharedArrayBuffer(signalCount * Int32Array.BYTES_PER_ELEMENT));
  const calls = new Map<number, Call>();
  const endpoints: EndpointId[] = [];
  const numbers = new Map<EndpointId, number>();
  let lastCall = 0;
  let isReady = false;
  let died: HostDied | undefined;
  let onClosed: () => void = () => {};

  const worker = startThread(file, heapMb, {
    allowPrivate,
    signals,
    nameServers: usedNameServers(),
  });
  // What waits for an answer has its deadline, which holds the process; an idle thread does not.
  worker.unref();
  worker.on('message', hear);
  worker.on('error', (error) => die(`the brokers’ thread failed: ${error.message}`));
  worker.on('exit', () => die('the brokers’ thread ended'));

  let looks = 0;
  let lastLife = 0;
  const watcher = setInterval(watch, lookEveryMs).unref();

  function hear(said: FromThread): void {
    if (said.kind === 'ready') isReady = true;
    else if (said.kind === 'closed') onClosed();
    else {
      const call = calls.get(said.call);
      calls.delete(said.call);
      if (!said.refusal) call?.resolve();
      else call?.reject(new BrokerRefusal(said.refusal.code, said.refusal.why));
    }
  }

  /** Counts its own looks, not the time: when this process is held up, the thread is not to blame. */
  function watch(): void {
    const life = Atomics.load(signals, lifeSignal);
    looks = life === lastLife ? looks + 1 : 0;
    lastLife = life;
    const mostLooks = isReady ? stallMs / lookEveryMs : startLooks;
    if (looks > mostLooks) die('the brokers’ thread does nothing but one piece of work');
  }

  function die(why: string): void {
    if (died) return;
    clearInterval(watcher);
    const fed = Atomics.load(signals, fedSignal);
    died = new HostDied(why, fed === 0 ? undefined : endpoints[fed - 1]);
    void worker.terminate();
    onDeath(died);
    for (const { reject } of calls.values()) reject(died);
    calls.clear();
    onClosed();
  }

  function numberOf(endpointId: EndpointId): number {
    const known = numbers.get(endpointId);
    if (known !== undefined) return known;
    if (numbers.size >= mostRememberedEndpoints) {
      numbers.clear();
      endpoints.length = 0;
    }
    const number = endpoints.push(endpointId);
    numbers.set(endpointId, number);
    return number;
  }

  // A worker thread has no origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  const tell = (asked: ToThread) => worker.postMessage(asked);

  return {
    publish(target, message, signal) {
      if (died) return Promise.reject(died);
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      lastCall += 1;
      const call = lastCall;
      return new Promise<void>((resolve, reject) => {
        const abort = () => {
          const { code, message: why } = signal.reason as BrokerRefusal;
          tell({ kind: 'abort', call, code, why });
          calls.delete(call);
          reject(signal.reason as Error);
        };
        const end = () => signal.removeEventListener('abort', abort);
        calls.set(call, {
          resolve: () => {
            end();
            resolve();
          },
          reject: (reason) => {
            end();
            reject(reason);
          },
        });
        signal.addEventListener('abort', abort, { once: true });
        const number = numberOf(target.endpointId);
        tell({ kind: 'publish', call, number, target, message: withOwnBytes(message) });
      });
    },
    isDead: () => died !== undefined,
    async close() {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        onClosed = resolve;
        timer = setTimeout(resolve, closeMs);
        if (died) resolve();
        else tell({ kind: 'close' });
      });
      clearTimeout(timer);
      die('Tender stops');
      await worker.terminate();
    },
  };
}

/** A copy of a slice takes all that it was cut from along. */
function withOwnBytes(message: BrokerMessage): BrokerMessage {
  const { body } = message;
  return typeof body === 'string'
    ? message
    : { ...message, body: Buffer.from(Uint8Array.from(body).buffer) };
}

function startThread(file: URL, heapMb: number, workerData: ThreadData): Worker {
  const options = {
    workerData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 },
  };
  if (!file.pathname.endsWith('.ts')) return new Worker(file, options);
  // `--import tsx` does nothing in a worker thread of Node 20.
  const load = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(file.href)}); })`;
  return new Worker(load, { ...options, eval: true });
}
