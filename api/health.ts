import { lastPollMs, probeTemporal } from '../orchestration/probe-temporal.ts';
import { requiredWorkflows } from '../orchestration/required-workflows.ts';
import { listHeartbeats } from '../db/queries/heartbeats.ts';
import { within } from '../outbound/within.ts';
import { receiversQueue } from '../workflows/task-queues.ts';
import type { ApiDeps, App } from './deps.ts';

// Whoever asks without a key asks as often as they like; the answer is looked for this often.
const keptMs = 1_000;
/** Less than the second that probes wait for by default. */
const askedForMs = 800;
/** A worker that has nothing to do asks for work once a minute, and Temporal names it for five. */
const pollsEveryMs = 70_000;
/** The relay writes a heartbeat every 5 s, the recovery job every 10 s. */
const silentForMs = 60_000;

type Check = { name: string; status: 'up' | 'down'; detail?: string };
type Readiness = { status: 'ready' | 'degraded' | 'not ready'; checks: Check[] };

const stopping: Readiness = {
  status: 'not ready',
  checks: [{ name: 'process', status: 'down', detail: 'was asked to stop' }],
};

/**
 * `/healthz`: this process is up. `/readyz`: 200 `ready`; 200 `degraded` where orders are accepted and kept, and
 * something that carries them on does not run; 503 `not ready` without the database, and once the process was asked to
 * stop. `?strict=true` makes `degraded` a 503 too, for whoever watches rather than routes.
 */
export function registerHealth(app: App, deps: ApiDeps) {
  let known: { atMs: number; readiness: Promise<Readiness> } | undefined;

  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    if (deps.stopping.aborted) return c.json(stopping, 503);
    if (!known || known.atMs < Date.now() - keptMs) {
      known = { atMs: Date.now(), readiness: readinessOf(deps) };
    }
    const readiness = await known.readiness;
    // Whoever asks for it in whatever words wants it: an alert must not stay silent for a spelling.
    const isStrict = !/^(?:false|0|no)$/i.test(c.req.query('strict') ?? 'no');
    const isOk = readiness.status === 'ready' || (readiness.status === 'degraded' && !isStrict);
    return c.json(readiness, isOk ? 200 : 503);
  });
}

async function readinessOf(deps: ApiDeps): Promise<Readiness> {
  const { db, client, logger } = deps;
  const limit = { timeoutMs: askedForMs, what: 'an answer' };
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

/** What has to be polled for orders to go on and merchants to be told. */
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
  if (!seenAt) return { name: workflowId, status: 'down', detail: 'never seen at work' };
  const silentMs = Date.now() - seenAt.getTime();
  if (silentMs <= silentForMs) return { name: workflowId, status: 'up' };
  const detail = `last seen at work ${Math.round(silentMs / 1_000)} s ago`;
  return { name: workflowId, status: 'down', detail };
}
