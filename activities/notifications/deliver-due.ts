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

const roundMs = 120_000;
// A call may take as long as its receiver likes to let it hang: that must not look like a worker that died.
const heartbeatMs = 5_000;
// A look at a head that somebody else holds, as a relay that has not finished yet.
const lookAgainMs = 1_000;
// What is near is waited for within the round: a timer and a round of its own cost Temporal and the worker a
// burst of 20 ms each, which others feel, just when an outage begins.
const longestPauseMs = 30_000;
/** How soon a round that waits for its probe hears of a retry by hand, or of a change of its endpoint. */
const closedLookMs = 2_000;
/** After a failure the next event, which may close the endpoint, is most likely near. */
const lingerMs = 1_000;
const lingerLookMs = 250;

/** What the Temporal UI shows of a round that is under way. */
type RunProgress = { attempts: number; lastFailure: string | null; closedUntil: string | null };

/**
 * Makes the attempts that are due at one endpoint, as many at once as its window allows, until none
 * is due, it is closed or paused, or the round is over. Once it has caught up with what is due, what comes
 * from then on may be the relay's again. Says what is left and when to look again.
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
    // Before what is left is counted: what comes from then on is told to the workflow, or counted.
    .finally(() => runs.end(endpointId));
  if (!endpoint) return nothingLeft;
  const congestion = congestionOf(endpoint);
  runs.close(endpointId, congestion.probeAtMs);
  const left = await outstandingDeliveries(db, { endpointId, isOrdered: isOrdered(endpoint) });
  const dueInMs = Math.max(left.nextDueInMs ?? lookAgainMs, congestion.probeAtMs - Date.now());
  return {
    outstanding: left.outstanding,
    nextDueInMs: Math.max(0, Math.ceil(Math.min(dueInMs, left.nextEndInMs ?? Infinity))),
    lastFailure: progress.lastFailure,
    window: Math.floor(congestion.window),
    isPaused: endpoint.status !== 'enabled',
  };
}

/** The endpoint as the round leaves it; undefined where it is removed. */
async function deliverWhileDue(
  deps: ActivityDeps,
  { endpointId, progress }: { endpointId: EndpointId; progress: RunProgress },
): Promise<Endpoint | undefined> {
  const { db, runs, stopping } = deps;
  const endsMs = Date.now() + roundMs;
  // It begins because something has failed.
  let attemptedMs = Date.now();
  await dropExpired(db, { endpointId });
  for (;;) {
    // Looked at again each time: a retry by hand, or whoever enables it again, opens it for a try.
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

/** As much of what is due as may be sent now. `isAll`: no more is due. */
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

/** Makes attempts side by side and writes what came of them. */
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
  // Broken off, or failed by us: what the others came to is written all the same.
  const broken = attempts.find(({ status }) => status === 'rejected');
  if (broken?.status === 'rejected') throw broken.reason;
  const isWell = isAll && outcomes.every(({ kind }) => kind === 'delivered');
  if (isWell && endpoint.deliveryOwner === 'workflow') await returnToRelay(db, { endpointId });
  return { outcomes, congestion };
}

/** Its owner has removed it, and with it all that waited. */
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

/** How long a round in which nothing may be sent waits before it looks again, ms; 0 where it ends instead. */
function pauseOf(input: { endpoint: Endpoint; attemptedMs: number }): number {
  const closedMs = congestionOf(input.endpoint).probeAtMs - Date.now();
  if (closedMs > longestPauseMs) return 0;
  if (closedMs > 0) return Math.min(closedMs, closedLookMs);
  const isFailing = input.endpoint.failingSince !== null;
  return isFailing && Date.now() - input.attemptedMs < lingerMs ? lingerLookMs : 0;
}

function closedUntil(state: Congestion): string | null {
  return isHeldBack(state, Date.now()) ? new Date(state.probeAtMs).toISOString() : null;
}

/** No more than the endpoint's rate, over each batch. */
async function keepRate(input: {
  endpoint: Endpoint;
  count: number;
  startedMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { ratePerSecond } = input.endpoint;
  if (ratePerSecond === null) return;
  const waitMs = input.startedMs + (input.count * 1_000) / ratePerSecond - Date.now();
  // The wait is only a courtesy: a worker that stops goes on at once.
  if (waitMs > 0) await sleep(waitMs, undefined, { signal: input.signal }).catch(() => {});
}

function failureOf(outcomes: readonly AttemptOutcome[]): string | undefined {
  const failed = outcomes.findLast(({ kind }) => kind === 'retry' || kind === 'dead');
  if (!failed || !('error' in failed)) return undefined;
  return failed.error ?? `status ${failed.statusCode}`;
}
