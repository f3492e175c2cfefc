import type { MerchantId } from '../../domain/ids.ts';
import type { JsonProblem } from '../../domain/json-value.ts';
import type { CheckedEvents, EventsToCheck } from '../worker-threads/tasks.ts';
import type { ThreadOutcome, WorkerThreads } from '../worker-threads/worker-threads.ts';

/** An event as it is stored, and its place among those of its request. */
export type EventToCheck = { index: number; body: string; schema: string };

export type CheckOutcome = ThreadOutcome<CheckedEvents>;

/** Holds the events of a request against the schemas of their types. */
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
type Line = { queue: Waiting[]; isRunning: boolean };

// What goes together is checked in some milliseconds; what is larger goes by itself.
const together = { requests: 100, chars: 256 * 1_024 };
const mostWaiting = 1_000;

/**
 * Gives events to a thread: those of one request in one message, and with them those of the merchant's other
 * requests that came while its last message was under way. Where those of one hold up the others, each is
 * checked by itself.
 */
export function createCheckEvents(threads: WorkerThreads): CheckEvents {
  const lines = new Map<MerchantId, Line>();

  const run = (merchantId: MerchantId, events: readonly EventToCheck[]) =>
    threads.run(merchantId, 'checkEvents', { groups: groupsOf(events), timeoutMs: checkTimeoutMs });

  async function runAll(merchantId: MerchantId, line: Line): Promise<void> {
    while (line.queue.length > 0) {
      const group = takeTogether(line.queue);
      if (group.length > 1 && (await runTogether(merchantId, group))) continue;
      for (const { events, resolve, reject } of group) {
        await run(merchantId, events).then(resolve, reject);
      }
    }
    lines.delete(merchantId);
  }

  /** False where nothing is known of any of them. */
  async function runTogether(merchantId: MerchantId, group: readonly Waiting[]): Promise<boolean> {
    const owners = group.flatMap((waiting) => waiting.events.map((event) => ({ waiting, event })));
    const all = owners.map(({ event }, index) => ({ ...event, index }));
    // A fault is told to those whose it is, once each is checked by itself.
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
      const line = lines.get(merchantId) ?? { queue: [], isRunning: false };
      lines.set(merchantId, line);
      if (line.queue.length >= mostWaiting) return resolve({ kind: 'busy' });
      const chars = events.reduce((sum, { body }) => sum + body.length, 0);
      line.queue.push({ events, chars, resolve, reject });
      if (line.isRunning) return;
      line.isRunning = true;
      void runAll(merchantId, line);
    });
}

type Refusal = { index: number; problem: JsonProblem };

/** Those that have waited longest, so many as may go together. */
function takeTogether(queue: Waiting[]): Waiting[] {
  let chars = 0;
  const fits = queue.findIndex((waiting, at) => {
    chars += waiting.chars;
    return at > 0 && (at >= together.requests || chars > together.chars);
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
