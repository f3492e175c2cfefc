/**
 * `npm run bench -- payments|relay|webhooks [--json] [--rounds N] [--seconds S] [--save FOLDER]`, and `report`, which
 * writes docs/operations/benchmarks.md from the runs saved in `bench/results`. payments takes
 * `[--provider alipay|wechat-pay|stripe]`, webhooks `[--endpoints N]` and `[--max]` for saturation alone,
 * `[--rate R] [--hang N]` for a steady rate, alternately with N endpoints that never answer and without, or
 * `[--parts latency,isolation,memory,drain,matching,kills]`.
 */
import { parseArgs } from 'node:util';
import type { ProviderName } from '../providers/provider.ts';
import { definitions, findDefinition } from '../providers/registry.ts';
import { benchPayments } from './payments/run.ts';
import { benchRelay } from './relay/run.ts';
import { saveRun, thisMachine } from './report/results.ts';
import type { SavedRun, WebhooksResult } from './report/results.ts';
import { writeReport } from './report/write-report.ts';
import { benchWebhooks } from './webhooks/run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    save: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    'in-flight': { type: 'string', default: '8,16,32' },
    provider: { type: 'string', default: 'alipay' },
    deliveries: { type: 'string', default: '10000' },
    endpoints: { type: 'string', default: '20' },
    max: { type: 'boolean', default: false },
    rate: { type: 'string' },
    hang: { type: 'string', default: '0' },
    parts: { type: 'string', default: 'latency,isolation,memory,drain,matching,kills' },
    'isolation-rounds': { type: 'string', default: '5' },
    'isolation-seconds': { type: 'string', default: '25' },
    'kill-seconds': { type: 'string', default: '120' },
    'drain-events': { type: 'string', default: '100000' },
    'memory-deliveries': { type: 'string', default: '200000' },
  },
});
const onProgress = (line: string) => process.stderr.write(`${line}\n`);
const rounds = Number(values.rounds);

const benches: Record<string, () => Promise<unknown>> = {
  payments: () =>
    benchPayments({
      provider: knownProvider(values.provider),
      rounds,
      roundMs: Number(values.seconds) * 1_000,
      inFlight: values['in-flight'].split(',').map(Number),
      onProgress,
    }),
  webhooks: () =>
    benchWebhooks({
      endpoints: Number(values.endpoints),
      rounds,
      roundMs: Number(values.seconds) * 1_000,
      steady:
        values.rate === undefined
          ? undefined
          : { perSecond: Number(values.rate), hanging: Number(values.hang) },
      parts: values.max ? [] : values.parts.split(','),
      isolationRounds: Number(values['isolation-rounds']),
      isolationMs: Number(values['isolation-seconds']) * 1_000,
      killSeconds: Number(values['kill-seconds']),
      drainEvents: Number(values['drain-events']),
      memoryDeliveries: Number(values['memory-deliveries']),
      onProgress,
    }),
  report: async () => ({ written: writeReport('bench/results') }),
  relay: () => benchRelay({ rounds, deliveries: Number(values.deliveries), onProgress }),
};

const run = benches[positionals[0] ?? ''];
if (!run) {
  process.stderr.write(`Name a bench: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const result = await run();
if (values.save !== undefined && positionals[0] !== 'report') {
  saveRun(values.save, {
    day: new Date().toISOString().slice(0, 10),
    rounds,
    secondsPerRound: Number(values.seconds),
    machine: thisMachine(),
    // Guarantee: a result of one of the three benches; the report does not read results of `--rate`.
    result: result as SavedRun<WebhooksResult>['result'],
  });
}
console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
process.exit(0);

function knownProvider(name: string): ProviderName {
  const known = findDefinition(name)?.name;
  if (known) return known;
  process.stderr.write(`--provider: one of ${Object.keys(definitions).join(', ')}\n`);
  process.exit(2);
}
