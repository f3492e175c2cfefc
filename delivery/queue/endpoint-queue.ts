import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import {
  isHeldBack,
  newCongestion,
  onStalled,
  openings,
  roundTripsFor,
} from '../../domain/congestion.ts';
import type { Congestion } from '../../domain/congestion.ts';
import { takeTurn } from '../../domain/rate-limit.ts';
import type { RateLimit } from '../../domain/rate-limit.ts';
import { afterOutcome } from './after-outcome.ts';

/**
 * What waits for one endpoint and how much of it may be under way: the window, the endpoint's own
 * limits, priorities, and what has to wait for an earlier event of the same resource.
 */
export type EndpointQueue = ReturnType<typeof createEndpointQueue>;

/** What may be sent now, the losses that were known when it began, and when that was, ms since the epoch. */
export type Sending = { delivery: OutgoingDelivery; lossesBefore: number; begunAtMs: number };

// An outcome is written long before this; until then its resource's later events are the workflow's.
const blockedForMs = 60_000;
const priorities = 3;
// Nothing moves where nothing has ended for so long, or for twice the time that calls there take.
const silenceMs = 1_000;
const longestSilenceMs = 5_000;
/** An endpoint whose calls take longer on average is slow, and how many are under way says so and nothing else. */
const slowCallMs = 100;
const newestShare = 1 / 8;

export function createEndpointQueue({ largest }: { largest: number }) {
  const waiting: OutgoingDelivery[][] = Array.from({ length: priorities }, () => []);
  /** Later events of a resource whose earlier one is waiting or under way. */
  const behind = new Map<string, OutgoingDelivery[]>();
  const chainsUnderWay = new Set<string>();
  /** Where only the newest counts: the newest that waits, and those whose place it took. */
  const newest = new Map<string, OutgoingDelivery>();
  const superseded = new WeakSet<OutgoingDelivery>();
  const blockedUntilMs = new Map<string, number>();
  let congestion: Congestion = newCongestion;
  let rate: RateLimit | undefined;
  let maxConcurrency = largest;
  let underWay = 0;
  let count = 0;
  /** How long calls take, the latest counting most; undefined before the first has ended. */
  let callMs: number | undefined;
  /** Since when nothing has ended although something is under way; ms since the epoch. */
  let stalledSinceMs = 0;

  function admit({ ratePerSecond, maxConcurrency: most }: Endpoint): void {
    maxConcurrency = Math.min(most ?? largest, largest);
    if (ratePerSecond === null) rate = undefined;
    else if (rate?.perSecond !== ratePerSecond) rate = { perSecond: ratePerSecond, dueAtMs: 0 };
  }

  function enqueue(delivery: OutgoingDelivery): void {
    (waiting[delivery.priority] ?? waiting[1])!.push(delivery);
  }

  function supersede(delivery: OutgoingDelivery): void {
    if (!delivery.isLatestOnly || delivery.orderKey === null) return;
    const older = newest.get(delivery.orderKey);
    newest.set(delivery.orderKey, delivery);
    if (!older) return;
    superseded.add(older);
    count--;
  }

  function firstOf(queue: OutgoingDelivery[]): OutgoingDelivery | undefined {
    while (queue[0] && superseded.has(queue[0])) queue.shift();
    return queue[0];
  }

  function forget(delivery: OutgoingDelivery): void {
    const { orderKey } = delivery;
    if (orderKey !== null && newest.get(orderKey) === delivery) newest.delete(orderKey);
  }

  function isBlocked(chain: string): boolean {
    const untilMs = blockedUntilMs.get(chain);
    if (untilMs === undefined) return false;
    if (untilMs > Date.now()) return true;
    blockedUntilMs.delete(chain);
    return false;
  }

  /** Resources whose events keep their order. */
  const chainOf = ({ endpoint, orderKey }: OutgoingDelivery) =>
    endpoint.ordering === 'resource' ? orderKey : null;

  function isStalled(): boolean {
    if (underWay === 0) return false;
    const usualMs = Math.min(2 * (callMs ?? 0), longestSilenceMs);
    return Date.now() - stalledSinceMs >= Math.max(silenceMs, usualMs);
  }

  return {
    waiting: () => count,
    underWay: () => underWay,
    congestion: () => congestion,
    isIdle: () => count === 0 && underWay === 0,
    /** How it is doing, where it has failed so often, or asked for so much time, that nothing is sent to it now. */
    closedAs: () => (isHeldBack(congestion, Date.now()) ? congestion : undefined),
    /** What is under way does not end. */
    isStalled,
    isSlow: () => (callMs ?? 0) >= slowCallMs,
    /** Something waits, and what is under way does not end: it takes room that others need. */
    isBlocked: () => count > 0 && isStalled(),
    /** How long what waits will take at the pace of its calls, ms, if all goes well. */
    clearsInMs(): number {
      const roundTrips = roundTripsFor(congestion, { count, bound: maxConcurrency });
      return Math.max(roundTrips * (callMs ?? 0), rate ? (count * 1_000) / rate.perSecond : 0);
    },
    /** Nothing is lost with it but the width of its window. */
    isForgettable: () =>
      count === 0 &&
      underWay === 0 &&
      [...blockedUntilMs.values()].every((untilMs) => untilMs < Date.now()),

    /** Takes a delivery in; false where an earlier one of its resource has just failed. */
    add(delivery: OutgoingDelivery): boolean {
      admit(delivery.endpoint);
      const chain = chainOf(delivery);
      if (chain !== null && isBlocked(chain)) return false;
      count++;
      supersede(delivery);
      const later = chain === null ? undefined : behind.get(chain);
      if (later) {
        later.push(delivery);
        return true;
      }
      if (chain !== null) behind.set(chain, []);
      enqueue(delivery);
      return true;
    },

    /** Its workflow has found it well: what is remembered of its failures is of the past. */
    reopen(): void {
      if (congestion.window === 0 || isHeldBack(congestion, Date.now())) congestion = newCongestion;
    },

    /** The next that may be sent now; or how long the endpoint's rate makes it wait; or nothing. */
    next(): ({ kind: 'send' } & Sending) | { kind: 'wait'; waitMs: number } | undefined {
      // A window that was wide while all was well is not to be filled with calls that hang.
      if (isStalled()) return undefined;
      const queue = waiting.find((one) => firstOf(one) !== undefined);
      if (!queue) return undefined;
      const nowMs = Date.now();
      if (openings(congestion, { nowMs, underWay, bound: maxConcurrency }) === 0) return undefined;
      if (rate) {
        const turn = takeTurn(rate, nowMs);
        if (turn.kind === 'wait') return turn;
        rate = turn.limit;
      }
      const delivery = queue.shift()!;
      const chain = chainOf(delivery);
      if (chain !== null) chainsUnderWay.add(chain);
      forget(delivery);
      if (underWay === 0) stalledSinceMs = Date.now();
      underWay++;
      count--;
      return { kind: 'send', delivery, lossesBefore: congestion.losses, begunAtMs: nowMs };
    },

    /** One has ended. What waited behind a failed one is the workflow's now. */
    end({ delivery, lossesBefore, begunAtMs }: Sending, outcome: AttemptOutcome | undefined): void {
      underWay--;
      stalledSinceMs = Date.now();
      const tookMs = stalledSinceMs - begunAtMs;
      callMs = callMs === undefined ? tookMs : callMs + newestShare * (tookMs - callMs);
      if (outcome) congestion = afterOutcome(congestion, { outcome, lossesBefore });
      const chain = chainOf(delivery);
      if (chain === null) return;
      chainsUnderWay.delete(chain);
      const later = behind.get(chain) ?? [];
      if (outcome?.kind === 'retry') {
        // The statement that records the failure gives the workflow all that is behind it.
        behind.delete(chain);
        blockedUntilMs.set(chain, Date.now() + blockedForMs);
        count -= later.filter((one) => !superseded.has(one)).length;
        for (const one of later) forget(one);
        return;
      }
      if (firstOf(later)) enqueue(later.shift()!);
      else behind.delete(chain);
    },

    /** Everything that waits, taken out of the queue. Where nothing moves, the next may be tried one at a time. */
    drain(): OutgoingDelivery[] {
      if (isStalled()) congestion = onStalled(congestion);
      const all = [...waiting.flatMap((queue) => queue.splice(0)), ...[...behind.values()].flat()];
      for (const [chain, later] of behind) {
        later.length = 0;
        blockedUntilMs.set(chain, Date.now() + blockedForMs);
        if (!chainsUnderWay.has(chain)) behind.delete(chain);
      }
      newest.clear();
      count = 0;
      return all.filter((one) => !superseded.has(one));
    },
  };
}
