import type { MerchantId } from '../../domain/ids.ts';
import type { JsonProblem } from '../../domain/json-value.ts';
import type { CheckedEvents, EventsToCheck } from '../worker-threads/tasks.ts';
import type { ThreadOutcome, WorkerThreads } from '../worker-threads/worker-threads.ts';

/** A stored event and its index in the request. */
export type EventToCheck = { index: number; body: string; schema: string };

export type CheckOutcome = ThreadOutcome<CheckedEvents>;

/** Validates the events of a request against the schemas of their types. */
export type CheckEvents = (
  merchantId: MerchantId,
  events: readonly EventToCheck[],
) => Promise<CheckOutcome>;

export const checkTimeoutMs = 1_000;

type Waiting = {
  events: readonly EventToCheck[];
  chars: number;
  resolve: (outcome: CheckOutcome) => void;
  reject: (error: unknown) => void;
};
type MerchantQueue = { queue: Waiting[]; isRunning: boolean };

// A batch within these limits is checked in a few milliseconds; a larger request is checked alone.
const batchLimits = { requests: 100, chars: 256 * 1_024 };
const maxWaiting = 1_000;

/**
 * Checks events in a worker thread. Requests of a merchant that arrive while its previous message is under way share
 * the next message. If a shared message fails or takes too long, each request is checked alone.
 */
export function createCheckEvents(threads: WorkerThreads): CheckEvents {
  const merchantQueues = new Map<MerchantId, MerchantQueue>();

  const run = (merchantId: MerchantId, events: readonly EventToCheck[]) =>
    threads.run(merchantId, 'checkEvents', { groups: groupsOf(events), timeoutMs: checkTimeoutMs });

  async function runAll(merchantId: MerchantId, merchantQueue: MerchantQueue): Promise<void> {
    while (merchantQueue.queue.length > 0) {
      const group = takeBatch(merchantQueue.queue);
      if (group.length > 1 && (await runBatch(merchantId, group))) continue;
      for (const { events, resolve, reject } of group) {
        await run(merchantId, events).then(resolve, reject);
      }
    }
    merchantQueues.delete(merchantId);
  }

  /** False if the batch has no outcome. */
  async function runBatch(merchantId: MerchantId, group: readonly Waiting[]): Promise<boolean> {
    const owners = group.flatMap((waiting) => waiting.events.map((event) => ({ waiting, event })));
    const all = owners.map(({ event }, index) => ({ ...event, index }));
    // A failure is reported to its own request, when each is checked alone.
    const outcome = await run(merchantId, all).catch(() => undefined);
    if (outcome?.kind !== 'done' || outcome.value.kind !== 'checked') return false;
    const refusals = new Map(group.map((waiting) => [waiting, [] as Refusal[]]));
    for (const { index, problem } of outcome.value.refusals) {
      const owner = owners[index]!;
      refusals.get(owner.waiting)!.push({ index: owner.event.index, problem });
    }
    for (const [{ resolve }, own] of refusals) {
      resolve({ kind: 'done', value: { kind: 'checked', refusals: own } });
    }
    return true;
  }

  return (merchantId, events) =>
    new Promise((resolve, reject) => {
      const merchantQueue = merchantQueues.get(merchantId) ?? { queue: [], isRunning: false };
      merchantQueues.set(merchantId, merchantQueue);
      if (merchantQueue.queue.length >= maxWaiting) return resolve({ kind: 'busy' });
      const chars = events.reduce((sum, { body }) => sum + body.length, 0);
      merchantQueue.queue.push({ events, chars, resolve, reject });
      if (merchantQueue.isRunning) return;
      merchantQueue.isRunning = true;
      void runAll(merchantId, merchantQueue);
    });
}

type Refusal = { index: number; problem: JsonProblem };

/** Takes the longest waiting requests that fit into one batch. */
function takeBatch(queue: Waiting[]): Waiting[] {
  let chars = 0;
  const fits = queue.findIndex((waiting, at) => {
    chars += waiting.chars;
    return at > 0 && (at >= batchLimits.requests || chars > batchLimits.chars);
  });
  return queue.splice(0, fits === -1 ? queue.length : fits);
}

function groupsOf(events: readonly EventToCheck[]): EventsToCheck[] {
  const bySchema = new Map<string, { index: number; body: string }[]>();
  for (const { schema, index, body } of events) {
    const group = bySchema.get(schema) ?? [];
    bySchema.set(schema, group);
    group.push({ index, body });
  }
  return [...bySchema].map(([schema, group]) => ({ schema, events: group }));
}
