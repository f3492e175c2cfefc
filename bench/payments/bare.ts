import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { startNodeProcess } from '../../dev/services/child.ts';
import { platformProcess } from '../../dev/services/platform-process.ts';
import { nowMs } from '../shared/figures.ts';
import type { BenchFolder } from '../shared/services.ts';
import type { Side } from './side.ts';
import { open, paid } from './bare-workflow.ts';
import type { barePayment } from './bare-workflow.ts';

/** The baseline: the bare workflow on a stock worker with the product's Node options, driven by an ordinary client. */
export async function startBare(input: { folder: BenchFolder; address: string }): Promise<Side> {
  const worker = await startNodeProcess({
    entry: 'bench/payments/bare-worker.ts',
    // As the product runs: without a stack trace per promise, which costs a third of a worker's CPU.
    nodeArgs: platformProcess.nodeArgs,
    logFile: input.folder.logFile('bare-worker'),
    env: { BENCH_TEMPORAL: input.address },
  });
  const connection = await Connection.connect({ address: input.address });
  const client = new Client({ connection });

  async function pay({ thinkMs }: { thinkMs: number }): Promise<{ latencyMs: number }> {
    const workflowId = `bare/${randomUUID()}`;
    const start = new WithStartWorkflowOperation<typeof barePayment>('barePayment', {
      args: [],
      workflowId,
      taskQueue: 'bare',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    await client.workflow.executeUpdateWithStart(open, { startWorkflowOperation: start });
    const handle = client.workflow.getHandle<typeof barePayment>(workflowId);
    if (thinkMs > 0) await sleep(thinkMs);
    const signalledMs = nowMs();
    await handle.signal(paid);
    const { ranAtMs } = await handle.result();
    return { latencyMs: ranAtMs - signalledMs };
  }

  return {
    name: 'bare',
    pids: { worker: worker.pid },
    pay,
    stop: async () => {
      await connection.close();
      await worker.stop();
    },
  };
}
