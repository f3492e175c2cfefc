import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../telemetry/logger.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { installRuntime } from '../../worker/install-runtime.ts';

const folder = new URL('histories/', import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
const logger = createLogger({ level: 'silent', name: 'replay' });

type Bundle = { code: string };
let bundle: Bundle;
beforeAll(async () => {
  installRuntime({ logger });
  bundle = await workflowBundle({ logger });
});

async function historyOf(file: string) {
  const json: unknown = JSON.parse(await readFile(new URL(file, folder), 'utf8'));
  return historyFromJSON(json);
}

/** Replays a recorded history with the given code; the error is undefined when every step is the same. */
async function replay(workflowBundle: Bundle, file: string): Promise<Error | undefined> {
  const workflowId = file.replace('.json', '');
  const results = Worker.runReplayHistories({ workflowBundle }, [
    { workflowId, history: await historyOf(file) },
  ]);
  for await (const { error } of results) return error;
  throw new Error(`${file} was not replayed`);
}

describe('the workflows of today decide as they did when', () => {
  test.each(files)('%s was recorded', async (file) => {
    expect(await replay(bundle, file)).toBeUndefined();
  });
});

test('every end of an order, and every workflow, has a recorded history', () => {
  expect(files.map((name) => name.replace('.json', '')).toSorted()).toEqual([
    'cancelled',
    'cancelled-while-opening',
    'captured',
    'confirmed',
    'dispatch-continued',
    'endpoint-retry',
    'exchange-answered',
    'exchange-expired',
    'expired',
    'failed',
    'hinted',
    'late',
    'opened-patiently',
    'order-continued',
    'order-resumed',
    'paid',
    'paid-by-asking',
    'reconciled',
    'reconciled-yesterday',
    'refund-bounced',
    'refunded',
    'refunded-patiently',
    'rejected',
    'resolved',
    'review-then-paid',
    'schedules-continued',
    'session-complete',
    'session-expired',
    'sweep-continued',
    'switched',
    'switched-and-paid-before',
    'voided',
  ]);
});

test('a workflow that was changed without a thought fails the replay', async () => {
  const changed = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('changed/index.ts', import.meta.url)),
    logger: {
      log: () => {},
      trace: () => {},
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: () => {},
    },
  });
  expect(await replay(changed, 'paid.json')).toBeInstanceOf(DeterminismViolationError);
});

test.each(files)('%s tells nothing of the machine it was recorded on', async (file) => {
  const json = await readFile(new URL(file, folder), 'utf8');
  const payloads = [...json.matchAll(/"data": "([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
    Buffer.from(data ?? '', 'base64').toString('utf8'),
  );
  const said = [json, ...payloads].join('\n');
  expect(said).not.toMatch(/file:\/\/|\/(home|root|Users|work|tmp|var)\//);
  expect(said.match(/\d+@[\w.-]+/g)).toBeNull();
});
