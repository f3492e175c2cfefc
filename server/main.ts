/**
 * The entry of the server process: `--parts=api,worker` (the default), or one of the two. Prints one JSON line on
 * stdout when it is ready.
 */
import { parseArgs } from 'node:util';
import { parseConfig } from '../config/config.ts';
import { createLogger } from '../telemetry/logger.ts';
import { surviveUncaught } from '../telemetry/survive-uncaught.ts';
import { startPlatform } from './start-platform.ts';
import { stopSignal } from './stop-signal.ts';

const { values } = parseArgs({ options: { parts: { type: 'string', default: 'api,worker' } } });
const parts = values.parts.split(',');
if (parts.some((part) => part !== 'api' && part !== 'worker')) {
  refuse(['--parts: must be api, worker, or api,worker']);
}
const parsed = parseConfig(process.env);
if (parsed.kind === 'invalid') refuse(parsed.problems);

const { config } = parsed;
const logger = createLogger({ level: config.logLevel, name: `tender-${parts.join('-')}` });
surviveUncaught({ logger });
const stopRequested = stopSignal();
try {
  const platform = await startPlatform({
    config,
    logger,
    hasApi: parts.includes('api'),
    hasWorker: parts.includes('worker'),
  });
  const ready = { ready: true, parts, pid: process.pid, port: platform.port };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await stopRequested;
  logger.info('stopping');
  await platform.stop();
  process.exit(0);
} catch (error) {
  refuse([error instanceof Error ? error.message : String(error)]);
}

/** Exit status 78: the configuration is wrong (sysexits.h, EX_CONFIG). */
function refuse(problems: string[]): never {
  process.stderr.write(`Tender cannot start:\n${problems.map((line) => `  ${line}`).join('\n')}\n`);
  process.exit(78);
}
