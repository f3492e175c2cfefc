import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pickPort } from '../../dev/services/ports.ts';
import { nothingIsStuck, runAllFlows, workersSeen } from '../support/all-flows.ts';
import { apiClient } from '../support/api-client.ts';
import type { ApiClient } from '../support/api-client.ts';
import { lastRelease } from '../support/last-release.ts';
import type { Release } from '../support/last-release.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { tenderProcesses } from '../support/tender-process.ts';
import type { TenderProcesses } from '../support/tender-process.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// An upgrade without an interruption: the schema is the new one, the last release's processes still run, and
// the new ones run beside them, with the same database, namespace and task queue.

type Side = { tender: TenderProcesses; api: ApiClient; workerPid: number };

let release: Release;
let world: World;
let merchant: TestMerchant;
let receiver: Receiver;
let old: Side;
let current: Side;

async function startSide(of?: Pick<Release, 'root' | 'entry'>): Promise<Side> {
  const { port } = await pickPort(0);
  const url = `http://127.0.0.1:${port}`;
  const tender = await tenderProcesses(
    { ...world.config, http: { ...world.config.http, port, publicUrl: url } },
    of === undefined ? {} : { root: of.root, entry: of.entry },
  );
  const [, worker] = await Promise.all([tender.start('api'), tender.start('worker')]);
  // The last release answers, and tells, as its own document says.
  const api = apiClient({ url, key: merchant.key, isDescribed: of === undefined });
  return { tender, api, workerPid: worker.pid };
}

beforeAll(async () => {
  release = await lastRelease();
  world = await openWorld({ hasApi: false, hasWorker: false });
  merchant = await world.newMerchant();
  receiver = await startReceiver({ isDescribed: false });
  // The last release first: the new one comes to where it runs.
  old = await startSide(release);
  current = await startSide();
  await current.api('POST', '/v1/endpoints', { body: { url: receiver.url, eventTypes: ['*'] } });
}, 240_000);

afterAll(async () => {
  await Promise.all([old?.tender.close(), current?.tender.close()]);
  await receiver?.stop();
  await world?.close();
  await release?.remove();
});

describe('beside the last release', { timeout: 300_000 }, () => {
  test('what one API takes the other answers for, whichever worker does it', async () => {
    const both = [
      { write: old.api, read: current.api },
      { write: current.api, read: old.api },
    ];
    const seen = await until('work for both workers', async () => {
      await Promise.all(both.map((doors) => runAllFlows({ world, merchant, doors, receiver })));
      const workers = await workersSeen(world);
      return [old, current].every(({ workerPid }) => workers.has(workerPid)) && workers;
    });
    expect(seen.size).toBe(2);
    await nothingIsStuck(world);
  });

  test('neither the old processes nor the new ones report an error', async () => {
    expect(await old.tender.complaints()).toEqual([]);
    expect(await current.tender.complaints()).toEqual([]);
  });
});
