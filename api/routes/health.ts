import { requiredWorkflows } from '../../activities/required-workflows.ts';
import { listHeartbeats } from '../../db/queries/heartbeats.ts';
import { within } from '../../outbound/within.ts';
import type { ApiDeps, App } from '../deps.ts';

// Whoever asks without a key asks as often as they like; the answer is looked for this often.
const keptMs = 1_000;
const askedForMs = 2_000;
/** A relay looks every second, the sweep every ten: whoever is silent for so long does not run. */
const silentForMs = 60_000;

type Check = { name: string; status: 'up' | 'down'; detail?: string };
type Readiness = { status: 'ready' | 'degraded' | 'not ready'; checks: Check[] };

/**
 * `/healthz`: this process is up. `/readyz`: 200 `ready`; 200 `degraded` where orders are accepted and kept, and
 * something that carries them on does not run; 503 `not ready` without the database. `?strict=true` makes `degraded`
 * a 503 too, for whoever watches rather than routes.
 */
export function registerHealth(app: App, deps: ApiDeps) {
  let known: { atMs: number; readiness: Promise<Readiness> } | undefined;

  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    if (!known || known.atMs < Date.now() - keptMs) {
      known = { atMs: Date.now(), readiness: readinessOf(deps) };
    }
    const readiness = await known.readiness;
    const isStrict = c.req.query('strict') === 'true';
    const isOk = readiness.status === 'ready' || (readiness.status === 'degraded' && !isStrict);
    return c.json(readiness, isOk ? 200 : 503);
  });
}

async function readinessOf({ db, client, logger }: ApiDeps): Promise<Readiness> {
  const limit = { timeoutMs: askedForMs, what: 'an answer' };
  const [workflows, temporal] = await Promise.all([
    within(listHeartbeats(db), limit).then(
      (seen) => requiredWorkflows.map(({ workflowId }) => checkOf(workflowId, seen)),
      (error: unknown) => logger.warn({ err: error }, 'not ready: the database'),
    ),
    within(client.workflowService.getSystemInfo({}), limit).then(
      (): Check => ({ name: 'temporal', status: 'up' }),
      (error: unknown): Check => ({ name: 'temporal', status: 'down', detail: String(error) }),
    ),
  ]);
  if (!workflows) return { status: 'not ready', checks: [{ name: 'database', status: 'down' }] };
  const checks: Check[] = [{ name: 'database', status: 'up' }, temporal, ...workflows];
  const isAllUp = checks.every(({ status }) => status === 'up');
  return { status: isAllUp ? 'ready' : 'degraded', checks };
}

function checkOf(workflowId: string, seen: ReadonlyMap<string, Date>): Check {
  const seenAt = seen.get(workflowId);
  if (!seenAt) return { name: workflowId, status: 'down', detail: 'never seen at work' };
  const silentMs = Date.now() - seenAt.getTime();
  if (silentMs <= silentForMs) return { name: workflowId, status: 'up' };
  const detail = `last seen at work ${Math.round(silentMs / 1_000)} s ago`;
  return { name: workflowId, status: 'down', detail };
}
