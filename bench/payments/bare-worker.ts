/** A stock worker for the bare workflow, in its own process, with the SDK's default options. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bareActivities } from './bare-activities.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: process.env['BENCH_TEMPORAL'] ?? '' });
const worker = await Worker.create({
  connection,
  taskQueue: 'bare',
  workflowsPath: fileURLToPath(new URL('bare-workflow.ts', import.meta.url)),
  activities: bareActivities,
});
process.on('disconnect', () => process.exit(0));
process.stdout.write('{"ready":true}\n');
await worker.run();
await connection.close();
