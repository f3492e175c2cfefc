import { startNodeProcess } from '../../dev/services/child.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { round } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

/** The baseline: the plain loop of `bench relay`, with the same receiver and database. */
export async function runPlain(
  stack: Stack,
  { deliveries, number }: { deliveries: number; number: number },
): Promise<{ perSecond: number; cpuMsPerEvent: number }> {
  const child = await startNodeProcess({
    entry: 'bench/relay/plain-process.ts',
    logFile: stack.folder.logFile(`plain-${number}`),
    readyTimeoutMs: 300_000,
    env: {
      DATABASE_URL: stack.databaseUrl,
      BENCH_DELIVERIES: String(deliveries),
      BENCH_URL: `${stack.receiverUrl}/e/plain`,
      BENCH_SECRET: newSecret('hmac').secret,
    },
  });
  const { durationMs, cpuMs } = child.ready as { durationMs: number; cpuMs: number };
  await child.stop();
  return {
    perSecond: round((deliveries * 1_000) / durationMs),
    cpuMsPerEvent: round(cpuMs / deliveries, 3),
  };
}
