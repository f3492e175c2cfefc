import { lastPollMs, probeTemporal } from '../orchestration/probe-temporal.ts';
import { requiredWorkflows } from '../orchestration/required-workflows.ts';
import { listHeartbeats } from '../db/queries/heartbeats.ts';
import { within } from '../outbound/within.ts';
import { receiversQueue } from '../workflows/task-queues.ts';
import type { ApiDeps, App } from './deps.ts';

// Unauthenticated callers may poll at any rate, so the result is cached for this long.
const cachedForMs = 1_000;
/** Below the default probe timeout of 1 s. */
const probeTimeoutMs = 800;
/** An idle worker polls once a minute, and Temporal lists a poller for five minutes. */
const pollsEveryMs = 70_000;
/** The relay writes a heartbeat every 5 s, the recovery job every 10 s. */
const stalledAfterMs = 60_000;

type Check = { name: string; status: 'up' | 'down'; detail?: string };
type Readiness = { status: 'ready' | 'degraded' | 'not ready'; checks: Check[] };

const stopping: Readiness = {
  status: 'not ready',
  checks: [{ name: 'process', status: 'down', detail: 'is stopping' }],
};

/**
 * `/healthz`: the process is up. `/readyz`: 200 `ready`; 200 `degraded` if orders are accepted and stored but a
 * component that processes them does not run; 503 `not ready` without the database and during a stop. `?strict=true`
 * makes `degraded` a 503, for monitoring rather than routing.
 */
export function registerHealth(app: App, deps: ApiDeps) {
  let known: { atMs: number; readiness: Promise<Readiness> } | undefined;

  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    if (deps.stopping.aborted) return c.json(stopping, 503);
    if (!known || known.atMs < Date.now() - cachedForMs) {
      known = { atMs: Date.now(), readiness: readinessOf(deps) };
    }
    const readiness = await known.readiness;
    // Any value but false, 0 or no counts as strict, so that a misspelling does not silence an alert.
    const isStrict = !/^(?:false|0|no)$/i.test(c.req.query('strict') ?? 'no');
    const isOk = readiness.status === 'ready' || (readiness.status === 'degraded' && !isStrict);
    return c.json(readiness, isOk ? 200 : 503);
  });
}

async function readinessOf(deps: ApiDeps): Promise<Readiness> {
  const { db, client, logger } = deps;
  const limit = { timeoutMs: probeTimeoutMs, what: 'an answer' };
  const [workflows, temporal, ...workers] = await Promise.all([
    within(listHeartbeats(db), limit).then(
      (seen) => requiredWorkflows.map(({ workflowId }) => checkOf(workflowId, seen)),
      (error: unknown) => logger.warn({ err: error }, 'not ready: the database'),
    ),
    within(probeTemporal(client), limit).then(
      (): Check => ({ name: 'temporal', status: 'up' }),
      (error: unknown): Check => ({ name: 'temporal', status: 'down', detail: String(error) }),
    ),
    ...neededWorkers(deps.taskQueue).map((worker) =>
      within(checkWorker(deps, worker), limit).catch((error: unknown): Check => ({
        name: worker.name,
        status: 'down',
        detail: String(error),
      })),
    ),
  ]);
  if (!workflows) return { status: 'not ready', checks: [{ name: 'database', status: 'down' }] };
  const checks: Check[] = [{ name: 'database', status: 'up' }, temporal, ...workers, ...workflows];
  const isAllUp = checks.every(({ status }) => status === 'up');
  return { status: isAllUp ? 'ready' : 'degraded', checks };
}

type NeededWorker = { name: string; taskQueue: string; kind: 'workflows' | 'activities' };

/** The task queues that need workers to process orders and to notify merchants. */
function neededWorkers(taskQueue: string): NeededWorker[] {
  const receivers = receiversQueue(taskQueue);
  return [
    { name: `workflow tasks of ${taskQueue}`, taskQueue, kind: 'workflows' },
    { name: `activities of ${taskQueue}`, taskQueue, kind: 'activities' },
    { name: `activities of ${receivers}`, taskQueue: receivers, kind: 'activities' },
  ];
}

async function checkWorker(
  { client }: ApiDeps,
  { name, taskQueue, kind }: NeededWorker,
): Promise<Check> {
  const lastMs = await lastPollMs(client, { taskQueue, kind });
  if (lastMs > Date.now() - pollsEveryMs) return { name, status: 'up' };
  const detail = lastMs === 0 ? 'no worker polls' : 'no worker has polled for a minute';
  return { name, status: 'down', detail };
}

function checkOf(workflowId: string, seen: ReadonlyMap<string, Date>): Check {
  const seenAt = seen.get(workflowId);
  if (!seenAt) return { name: workflowId, status: 'down', detail: 'no heartbeat yet' };
  const sinceSeenMs = Date.now() - seenAt.getTime();
  if (sinceSeenMs <= stalledAfterMs) return { name: workflowId, status: 'up' };
  const detail = `last heartbeat ${Math.round(sinceSeenMs / 1_000)} s ago`;
  return { name: workflowId, status: 'down', detail };
}
