import { Worker } from 'node:worker_threads';
import type { EndpointId } from '../../domain/ids.ts';
import { usedNameServers } from '../../outbound/name-servers.ts';
import { BrokerRefusal } from './refusal.ts';
import type { BrokerMessage, BrokerTarget } from './publisher.ts';
import { fedSignal, lifeSignal, signalCount } from './wire.ts';
import type { FromThread, ThreadData, ToThread } from './wire.ts';

/** One worker thread of broker clients, started by its first message. A dead host is not restarted. */
export type Host = {
  /** Rejects with a `BrokerRefusal`, or with a `HostDied`. */
  publish(target: BrokerTarget, message: BrokerMessage, signal: AbortSignal): Promise<void>;
  isDead(): boolean;
  close(): Promise<void>;
};

/** The thread ended while it had messages. */
export class HostDied extends Error {
  override readonly name = 'HostDied';
  /** The endpoint whose bytes it processed last. */
  readonly culprit: EndpointId | undefined;
  constructor(why: string, culprit: EndpointId | undefined) {
    super(why);
    this.culprit = culprit;
  }
}

const checkEveryMs = 250;
// A starting thread has modules to load.
const startChecks = 120;
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
  /** How long the thread may be blocked by one task. */
  stallMs: number;
  heapMb: number;
  /** The thread's program; tests use one that can be made to die. */
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
  // A waiting message has its deadline, which keeps the process alive; an idle thread does not.
  worker.unref();
  worker.on('message', onMessage);
  worker.on('error', (error) => die(`the brokers’ thread failed: ${error.message}`));
  worker.on('exit', () => die('the brokers’ thread ended'));

  let checks = 0;
  let lastHeartbeat = 0;
  const watcher = setInterval(watch, checkEveryMs).unref();

  function onMessage(answer: FromThread): void {
    if (answer.kind === 'ready') isReady = true;
    else if (answer.kind === 'closed') onClosed();
    else {
      const call = calls.get(answer.call);
      calls.delete(answer.call);
      if (!answer.refusal) call?.resolve();
      else call?.reject(new BrokerRefusal(answer.refusal.code, answer.refusal.why));
    }
  }

  /** Counts its own checks instead of the time: if this process is blocked, the thread is not to blame. */
  function watch(): void {
    const heartbeat = Atomics.load(signals, lifeSignal);
    checks = heartbeat === lastHeartbeat ? checks + 1 : 0;
    lastHeartbeat = heartbeat;
    const mostChecks = isReady ? stallMs / checkEveryMs : startChecks;
    if (checks > mostChecks) die('the brokers’ thread is blocked by one task');
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
  const post = (request: ToThread) => worker.postMessage(request);

  return {
    publish(target, message, signal) {
      if (died) return Promise.reject(died);
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      lastCall += 1;
      const call = lastCall;
      return new Promise<void>((resolve, reject) => {
        const abort = () => {
          const { code, message: why } = signal.reason as BrokerRefusal;
          post({ kind: 'abort', call, code, why });
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
        post({ kind: 'publish', call, number, target, message: withOwnBytes(message) });
      });
    },
    isDead: () => died !== undefined,
    async close() {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        onClosed = resolve;
        timer = setTimeout(resolve, closeMs);
        if (died) resolve();
        else post({ kind: 'close' });
      });
      clearTimeout(timer);
      die('Tender stops');
      await worker.terminate();
    },
  };
}

/** Copies the slice, because posting it would copy its whole buffer. */
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
