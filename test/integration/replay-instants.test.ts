import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replays } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const mending = fileURLToPath(
  new URL('../../db/migrations-before-0.1.0/0028_mend_instants_of_replays.sql', import.meta.url),
);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('the job of a replay that is not there ends, and is not tried on', async () => {
  const replayId = newId('replay');
  const ended = world.temporal.workflow.execute('replayEvents', {
    workflowId: workflowIds.replayEvents(replayId),
    taskQueue: world.config.temporal.taskQueue,
    args: [{ replayId }],
  });
  const failure = await ended.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  const { cause } = failure as WorkflowFailedError;
  expect(cause).toBeInstanceOf(ActivityFailure);
  const { cause: why } = cause as ActivityFailure;
  expect(why).toBeInstanceOf(ApplicationFailure);
  expect(why).toMatchObject({ type: 'replay.absent', nonRetryable: true });
});

test('a replay since before 1970, as they were once taken, is mended by its migration and ends', async () => {
  const { api, merchantId } = await world.newMerchant([]);
  const { body } = await api<{ id: EndpointId }>('POST', '/v1/endpoints', {
    body: { url: 'http://127.0.0.1:9/hook', eventTypes: ['a.b'] },
  });
  const id = newId('replay');
  await world.db.insert(replays).values({
    id,
    merchantId,
    endpointId: body.id,
    kind: 'replay',
    eventTypes: ['*'],
    since: new Date(),
    until: new Date(),
  });
  await world.db.execute(sql`update replays set since = '0013-01-01T00:00:00Z' where id = ${id}`);
  const [read] = await world.db.select().from(replays);
  // Neither the year that was written nor one that is not: V8 reads it as no date, or as one of this century.
  expect(read?.since.getTime()).toBeNaN();
  for (const statement of (await readFile(mending, 'utf8')).split('--> statement-breakpoint')) {
    await world.db.execute(sql.raw(statement));
  }
  await world.temporal.workflow.execute('replayEvents', {
    workflowId: workflowIds.replayEvents(id),
    taskQueue: world.config.temporal.taskQueue,
    args: [{ replayId: id }],
  });
  const done = await until('the replay is done', async () => {
    const found = await api<{ status: string; since: string }>('GET', `/v1/replays/${id}`);
    return found.body.status === 'done' ? found.body : undefined;
  });
  expect(done.since).toBe('1970-01-01T00:00:00.000Z');
});
