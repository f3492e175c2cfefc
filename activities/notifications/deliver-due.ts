import { setTimeout as sleep } from 'node:timers/promises';
import { isHeldBack, largestWindow, newCongestion, openings } from '../../domain/congestion.ts';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  dropExpired,
  dueDeliveries,
  outstandingDeliveries,
  saveCongestion,
} from '../../db/queries/due-deliveries.ts';
import { lookUpEndpoint } from '../../db/queries/endpoints.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import { recordAttempts } from '../../db/queries/record-attempts.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import { returnToRelay } from '../../db/queries/return-to-relay.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { afterOutcome } from '../../delivery/queue/after-outcome.ts';
import type { DeliveryRun } from '../../workflows/activities.ts';
import type { ActivityDeps } from '../deps.ts';
import { whileBeating } from '../while-beating.ts';
import { logDisabled } from '../../services/notifications/log-disabled.ts';

const runMs = 120_000;
// A hanging receiver may keep a call open for long; heartbeats tell it from a dead worker.
const heartbeatMs = 5_000;
// The next check of a delivery that another owner holds, such as a relay that has not finished it.
const recheckMs = 1_000;
// Short waits happen within the run: a timer and a run of their own cost Temporal and the worker a burst of 20 ms each,
// which delays other work just when an outage begins.
const longestPauseMs = 30_000;
/** The longest time until a run that waits for its probe sees a manual retry or a change of its endpoint. */
const closedRecheckMs = 2_000;
/** After a failure another event, which may close the endpoint, is likely to follow soon. */
const lingerMs = 1_000;
const lingerRecheckMs = 250;

/** The progress of a run as the Temporal UI shows it. */
type RunProgress = { attempts: number; lastFailure: string | null; closedUntil: string | null };

/**
 * Makes the due attempts at one endpoint, as many concurrently as its window allows, until none is due, the endpoint is
 * closed or paused, or the run's time is over. After it has caught up, the relay may take over new events. Returns what
 * is left and when to continue.
 */
export async function deliverDue(
  deps: ActivityDeps,
  { endpointId }: { endpointId: EndpointId },
): Promise<DeliveryRun> {
  const { db, runs } = deps;
  runs.begin(endpointId);
  const progress: RunProgress = { attempts: 0, lastFailure: null, closedUntil: null };
  const endpoint = await whileBeating({ everyMs: heartbeatMs, progress: () => progress }, () =>
    deliverWhileDue(deps, { endpointId, progress }),
  )
    // Before the rest is counted: deliveries added from here on are either signalled or counted.
    .finally(() => runs.end(endpointId));
  if (!endpoint) return nothingLeft;
  const congestion = congestionOf(endpoint);
  runs.close(endpointId, congestion.probeAtMs);
  const left = await outstandingDeliveries(db, { endpointId, isOrdered: isOrdered(endpoint) });
  const dueInMs = Math.max(left.nextDueInMs ?? recheckMs, congestion.probeAtMs - Date.now());
  return {
    outstanding: left.outstanding,
    nextDueInMs: Math.max(0, Math.ceil(Math.min(dueInMs, left.nextEndInMs ?? Infinity))),
    lastFailure: progress.lastFailure,
    window: Math.floor(congestion.window),
    isPaused: endpoint.status !== 'enabled',
  };
}

/** Returns the endpoint as the run leaves it; undefined if it was removed. */
async function deliverWhileDue(
  deps: ActivityDeps,
  { endpointId, progress }: { endpointId: EndpointId; progress: RunProgress },
): Promise<Endpoint | undefined> {
  const { db, runs, stopping } = deps;
  const endsMs = Date.now() + runMs;
  // A run starts because something has failed.
  let attemptedMs = Date.now();
  await dropExpired(db, { endpointId });
  for (;;) {
    // Read again each time: a manual retry or a re-enabled endpoint allows an attempt.
    const endpoint = await lookUpEndpoint(db, { endpointId });
    const isOver = Date.now() >= endsMs || stopping.aborted;
    if (!endpoint || isOver || endpoint.status !== 'enabled') return endpoint;
    const { due, isAll } = await takeDue(deps, endpoint);
    if (due.length === 0) {
      const pauseMs = pauseOf({ endpoint, attemptedMs });
      if (pauseMs === 0 || !(await runs.pause(pauseMs, stopping))) return endpoint;
      await dropExpired(db, { endpointId });
      continue;
    }
    const startedMs = Date.now();
    const { outcomes, congestion } = await attemptBatch(deps, { endpoint, due, isAll });
    attemptedMs = Date.now();
    progress.attempts += outcomes.length;
    progress.closedUntil = closedUntil(congestion);
    progress.lastFailure = failureOf(outcomes) ?? progress.lastFailure;
    await keepRate({ endpoint, count: due.length, startedMs, signal: stopping });
  }
}

/** The due deliveries that may be sent now. `isAll`: no more are due. */
async function takeDue(
  { db }: ActivityDeps,
  endpoint: Endpoint,
): Promise<{ due: OutgoingDelivery[]; isAll: boolean }> {
  const bound = boundOf(endpoint);
  const limit = openings(congestionOf(endpoint), { nowMs: Date.now(), underWay: 0, bound });
  if (limit === 0) return { due: [], isAll: false };
  const due = await dueDeliveries(db, {
    endpointId: endpoint.id,
    isOrdered: isOrdered(endpoint),
    limit,
  });
  return { due, isAll: due.length < limit };
}

/** Makes attempts concurrently and records their outcomes. */
async function attemptBatch(
  deps: ActivityDeps,
  { endpoint, due, isAll }: { endpoint: Endpoint; due: OutgoingDelivery[]; isAll: boolean },
): Promise<{ outcomes: AttemptOutcome[]; congestion: Congestion }> {
  const { db } = deps;
  const { id: endpointId } = endpoint;
  const attempts = await Promise.allSettled(due.map(deps.attempt));
  const outcomes = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  let congestion = congestionOf(endpoint);
  const lossesBefore = congestion.losses;
  for (const outcome of outcomes) congestion = afterOutcome(congestion, { outcome, lossesBefore });
  const { disabled } = await recordAttempts(db, {
    outcomes,
    closedAs: () => (isHeldBack(congestion, Date.now()) ? congestion : undefined),
  });
  logDisabled(deps, disabled);
  deps.traffic.onWindow(endpointId, congestion.window);
  await saveCongestion(db, { endpointId, congestion });
  // An attempt was aborted or failed on our side; the others' outcomes are recorded all the same.
  const broken = attempts.find(({ status }) => status === 'rejected');
  if (broken?.status === 'rejected') throw broken.reason;
  const isHealthy = isAll && outcomes.every(({ kind }) => kind === 'delivered');
  if (isHealthy && endpoint.deliveryOwner === 'workflow') await returnToRelay(db, { endpointId });
  return { outcomes, congestion };
}

/** The endpoint was removed, and its deliveries with it. */
const nothingLeft: DeliveryRun = {
  outstanding: 0,
  nextDueInMs: 0,
  lastFailure: null,
  window: 0,
  isPaused: false,
};

const congestionOf = ({ congestion }: Endpoint) => congestion ?? newCongestion;

const isOrdered = ({ ordering }: Endpoint) => ordering === 'resource';

function boundOf({ maxConcurrency, ratePerSecond }: Endpoint): number {
  return Math.min(maxConcurrency ?? largestWindow, ratePerSecond ?? largestWindow, largestWindow);
}

/** How long a run without sendable deliveries waits before it checks again, ms; 0 if the run ends. */
function pauseOf(input: { endpoint: Endpoint; attemptedMs: number }): number {
  const closedMs = congestionOf(input.endpoint).probeAtMs - Date.now();
  if (closedMs > longestPauseMs) return 0;
  if (closedMs > 0) return Math.min(closedMs, closedRecheckMs);
  const isFailing = input.endpoint.failingSince !== null;
  return isFailing && Date.now() - input.attemptedMs < lingerMs ? lingerRecheckMs : 0;
}

function closedUntil(state: Congestion): string | null {
  return isHeldBack(state, Date.now()) ? new Date(state.probeAtMs).toISOString() : null;
}

/** Waits so that each batch stays within the endpoint's rate. */
async function keepRate(input: {
  endpoint: Endpoint;
  count: number;
  startedMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { ratePerSecond } = input.endpoint;
  if (ratePerSecond === null) return;
  const waitMs = input.startedMs + (input.count * 1_000) / ratePerSecond - Date.now();
  // The rate is best effort: a stopping worker ends the wait.
  if (waitMs > 0) await sleep(waitMs, undefined, { signal: input.signal }).catch(() => {});
}

function failureOf(outcomes: readonly AttemptOutcome[]): string | undefined {
  const failed = outcomes.findLast(({ kind }) => kind === 'retry' || kind === 'dead');
  if (!failed || !('error' in failed)) return undefined;
  return failed.error ?? `status ${failed.statusCode}`;
}
