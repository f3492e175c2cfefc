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
 * The deliveries that wait for one endpoint, and how many may be in flight: its congestion window, its own limits,
 * priorities, and the order of events of the same resource.
 */
export type EndpointQueue = ReturnType<typeof createEndpointQueue>;

/** A delivery to send now, the losses known when it started, and the start, ms since the epoch. */
export type Sending = { delivery: OutgoingDelivery; lossesBefore: number; startedAtMs: number };

// An outcome is written long before this; until then the workflow owns the resource's later events.
const blockedForMs = 60_000;
const priorities = 3;
// A queue is stalled if no call has ended for this long, or for twice its usual call time.
const stalledAfterMs = 1_000;
const longestStalledAfterMs = 5_000;
/** An endpoint with a longer average call time is slow; its calls in flight do not count as load. */
const slowCallMs = 100;
const newestWeight = 1 / 8;

export function createEndpointQueue({ largest }: { largest: number }) {
  const waiting: OutgoingDelivery[][] = Array.from({ length: priorities }, () => []);
  /** Later events of a resource whose earlier one is waiting or in flight. */
  const laterByResource = new Map<string, OutgoingDelivery[]>();
  const chainsInFlight = new Set<string>();
  /** Where only the newest event counts: the newest waiting one, and those it superseded. */
  const newest = new Map<string, OutgoingDelivery>();
  const superseded = new WeakSet<OutgoingDelivery>();
  const blockedUntilMs = new Map<string, number>();
  let congestion: Congestion = newCongestion;
  let rate: RateLimit | undefined;
  let maxConcurrency = largest;
  let underWay = 0;
  let count = 0;
  /** The average call time, weighted towards the latest; undefined before the first call has ended. */
  let callMs: number | undefined;
  /** Since when no call has ended while some are in flight; ms since the epoch. */
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

  /** The resource if the endpoint orders its events. */
  const chainOf = ({ endpoint, orderKey }: OutgoingDelivery) =>
    endpoint.ordering === 'resource' ? orderKey : null;

  function isStalled(): boolean {
    if (underWay === 0) return false;
    const usualMs = Math.min(2 * (callMs ?? 0), longestStalledAfterMs);
    return Date.now() - stalledSinceMs >= Math.max(stalledAfterMs, usualMs);
  }

  return {
    waiting: () => count,
    underWay: () => underWay,
    congestion: () => congestion,
    isIdle: () => count === 0 && underWay === 0,
    /** The congestion state, if the endpoint is closed after failures or has asked for time. */
    closedAs: () => (isHeldBack(congestion, Date.now()) ? congestion : undefined),
    /** Calls are in flight, and none ends. */
    isStalled,
    isSlow: () => (callMs ?? 0) >= slowCallMs,
    /** Deliveries wait behind stalled calls and take room that others need. */
    isBlocked: () => count > 0 && isStalled(),
    /** How long the waiting deliveries take at the current call time, ms, if all succeed. */
    clearsInMs(): number {
      const roundTrips = roundTripsFor(congestion, { count, bound: maxConcurrency });
      return Math.max(roundTrips * (callMs ?? 0), rate ? (count * 1_000) / rate.perSecond : 0);
    },
    /** Evicting it loses only the width of its window. */
    isForgettable: () =>
      count === 0 &&
      underWay === 0 &&
      [...blockedUntilMs.values()].every((untilMs) => untilMs < Date.now()),

    /** Adds a delivery; false if an earlier one of its resource has just failed. */
    add(delivery: OutgoingDelivery): boolean {
      admit(delivery.endpoint);
      const chain = chainOf(delivery);
      if (chain !== null && isBlocked(chain)) return false;
      count++;
      supersede(delivery);
      const later = chain === null ? undefined : laterByResource.get(chain);
      if (later) {
        later.push(delivery);
        return true;
      }
      if (chain !== null) laterByResource.set(chain, []);
      enqueue(delivery);
      return true;
    },

    /** Resets the congestion state after the workflow found the endpoint healthy. */
    reopen(): void {
      if (congestion.window === 0 || isHeldBack(congestion, Date.now())) congestion = newCongestion;
    },

    /** The next delivery that may be sent; or the wait that the endpoint's rate requires; or undefined. */
    next(): ({ kind: 'send' } & Sending) | { kind: 'wait'; waitMs: number } | undefined {
      // A stalled window is not filled further, however wide it was.
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
      if (chain !== null) chainsInFlight.add(chain);
      forget(delivery);
      if (underWay === 0) stalledSinceMs = Date.now();
      underWay++;
      count--;
      return { kind: 'send', delivery, lossesBefore: congestion.losses, startedAtMs: nowMs };
    },

    /** Ends one call. After a failure the workflow owns what waited behind it. */
    end(
      { delivery, lossesBefore, startedAtMs }: Sending,
      outcome: AttemptOutcome | undefined,
    ): void {
      underWay--;
      stalledSinceMs = Date.now();
      const tookMs = stalledSinceMs - startedAtMs;
      callMs = callMs === undefined ? tookMs : callMs + newestWeight * (tookMs - callMs);
      if (outcome) congestion = afterOutcome(congestion, { outcome, lossesBefore });
      const chain = chainOf(delivery);
      if (chain === null) return;
      chainsInFlight.delete(chain);
      const later = laterByResource.get(chain) ?? [];
      if (outcome?.kind === 'retry') {
        // The statement that records the failure moves the later deliveries to the workflow.
        laterByResource.delete(chain);
        blockedUntilMs.set(chain, Date.now() + blockedForMs);
        count -= later.filter((one) => !superseded.has(one)).length;
        for (const one of later) forget(one);
        return;
      }
      if (firstOf(later)) enqueue(later.shift()!);
      else laterByResource.delete(chain);
    },

    /** Removes and returns all waiting deliveries. A stalled queue then continues with one call at a time. */
    drain(): OutgoingDelivery[] {
      if (isStalled()) congestion = onStalled(congestion);
      const all = [
        ...waiting.flatMap((queue) => queue.splice(0)),
        ...[...laterByResource.values()].flat(),
      ];
      for (const [chain, later] of laterByResource) {
        later.length = 0;
        blockedUntilMs.set(chain, Date.now() + blockedForMs);
        if (!chainsInFlight.has(chain)) laterByResource.delete(chain);
      }
      newest.clear();
      count = 0;
      return all.filter((one) => !superseded.has(one));
    },
  };
}
