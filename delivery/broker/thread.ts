/** A worker thread for broker clients only. See docs/explanation/decisions/0024-isolate-broker-clients.md. */
import { parentPort, workerData } from 'node:worker_threads';
import type { EndpointId } from '../../domain/ids.ts';
import { useNameServers } from '../../outbound/name-servers.ts';
import { onUncaught } from '../../telemetry/survive-uncaught.ts';
import { brokerCodeOf } from './code-of.ts';
import { createPool } from './pool.ts';
import { BrokerRefusal } from './refusal.ts';
import { fedSignal, lifeSignal } from './wire.ts';
import type { FromThread, ThreadData, ToThread } from './wire.ts';

const heartbeatEveryMs = 100;
const longestWhy = 4_096;

const { allowPrivate, signals, nameServers } = workerData as ThreadData;
useNameServers(nameServers);
const numbers = new Map<EndpointId, number>();
const calls = new Map<number, AbortController>();
const pool = createPool({
  allowPrivate,
  onFeed: (endpointId) => Atomics.store(signals, fedSignal, numbers.get(endpointId) ?? 0),
});

// A worker thread has no origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const answer = (message: FromThread) => parentPort?.postMessage(message);

async function publish(request: Extract<ToThread, { kind: 'publish' }>): Promise<void> {
  const { call, number, target, message } = request;
  const controller = new AbortController();
  calls.set(call, controller);
  numbers.set(target.endpointId, number);
  try {
    await pool.publish({ target, message: withBuffer(message), signal: controller.signal });
    answer({ kind: 'settled', call });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const refusal = { code: brokerCodeOf(error), why: why.slice(0, longestWhy) };
    answer({ kind: 'settled', call, refusal });
  } finally {
    calls.delete(call);
  }
}

/** A `Buffer` arrives as plain bytes. */
function withBuffer(message: Extract<ToThread, { kind: 'publish' }>['message']) {
  const { body } = message;
  if (typeof body === 'string') return message;
  return { ...message, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
}

onUncaught(({ error, outgoing }) => {
  // An error that cannot be attributed ends the thread; its endpoints get another.
  if (!outgoing) process.exit(1);
  const refusal = new BrokerRefusal('client_failed', error.message);
  pool.fail(outgoing.target as EndpointId, refusal);
});

parentPort?.on('message', (request: ToThread) => {
  if (request.kind === 'publish') void publish(request);
  else if (request.kind === 'abort') {
    calls.get(request.call)?.abort(new BrokerRefusal(request.code, request.why));
  } else {
    void pool.close().then(() => answer({ kind: 'closed' }));
  }
});

setInterval(() => Atomics.add(signals, lifeSignal, 1), heartbeatEveryMs);
answer({ kind: 'ready' });
