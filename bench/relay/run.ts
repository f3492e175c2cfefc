import { randomBytes } from 'node:crypto';
import { openDatabase } from '../../db/database.ts';
import { insertEndpoint } from '../../db/queries/endpoints.ts';
import { createSealer } from '../../db/sealed.ts';
import { createMerchant } from '../../cli/open-account.ts';
import { startNodeProcess } from '../../dev/services/child.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { cpuMsOf, cpuPerOperation, round } from '../shared/cpu.ts';
import { median } from '../shared/figures.ts';
import { benchFolder, benchPostgres } from '../shared/services.ts';
import { profiling } from '../shared/profiling.ts';
import { addEvents } from './add-events.ts';

export type RelayOptions = {
  rounds: number;
  deliveries: number;
  onProgress: (line: string) => void;
};

type Round = { name: Name; perSecond: number; cpuMsPerDelivery: Record<string, number> | null };
type Name = 'plain' | 'relay';

/** Compares the relay with a plain loop that signs, POSTs and writes rows in batches, in alternating rounds. */
export async function benchRelay({ rounds, deliveries, onProgress }: RelayOptions) {
  const folder = await benchFolder();
  const postgres = await benchPostgres(folder);
  const receiver = await startNodeProcess({
    entry: 'bench/shared/receiver.ts',
    logFile: folder.logFile('receiver'),
  });
  const secretKey = randomBytes(32);
  const { db, close } = openDatabase({
    url: postgres.databaseUrl,
    maxConnections: 2,
    onError: () => {},
  });
  const url = `${String(receiver.ready['url'])}/`;
  const { merchantId } = await createMerchant(db, { name: 'Bench' });
  const { secret } = newSecret('hmac');
  const sealer = createSealer([secretKey]);
  await insertEndpoint(
    { db, sealer },
    { merchantId, url, description: null, eventTypes: ['*'], secret },
  );
  const measured: Round[] = [];

  async function measure(name: Name, number: number): Promise<void> {
    if (name === 'relay') await addEvents(db, { merchantId, count: deliveries });
    const before = cpuMsOf({ postgres: postgres.pid, receiver: receiver.pid });
    const child = await startNodeProcess({
      entry: `bench/relay/${name}-process.ts`,
      logFile: folder.logFile(`${name}-${number}`),
      nodeArgs: profiling(),
      readyTimeoutMs: 300_000,
      env: {
        DATABASE_URL: postgres.databaseUrl,
        BENCH_SECRET_KEY: secretKey.toString('base64'),
        BENCH_DELIVERIES: String(deliveries),
        BENCH_URL: url,
        BENCH_SECRET: secret,
      },
    });
    const after = cpuMsOf({ postgres: postgres.pid, receiver: receiver.pid });
    const { durationMs, cpuMs } = child.ready as { durationMs: number; cpuMs: number };
    await child.stop();
    const perSecond = round((deliveries * 1_000) / durationMs);
    const cpu = cpuPerOperation(before, after, deliveries);
    measured.push({
      name,
      perSecond,
      cpuMsPerDelivery: cpu && { ...cpu, sender: round(cpuMs / deliveries, 3) },
    });
    onProgress(`round ${number}, ${name}: ${perSecond} deliveries/s`);
  }

  try {
    for (let number = 0; number <= rounds; number++) {
      for (const name of number % 2
        ? (['plain', 'relay'] as const)
        : (['relay', 'plain'] as const)) {
        await measure(name, number);
      }
      // The first round is the warm-up.
      if (number === 0) measured.length = 0;
    }
    const of = (name: Name) => {
      const own = measured.filter((one) => one.name === name);
      return {
        perSecond: median(own.map(({ perSecond }) => perSecond)),
        cpuMsPerDelivery: own.at(-1)?.cpuMsPerDelivery ?? null,
      };
    };
    const [plain, relay] = [of('plain'), of('relay')];
    return {
      bench: 'relay' as const,
      deliveries,
      plain,
      relay,
      ratio: round(relay.perSecond / plain.perSecond),
    };
  } finally {
    await close();
    await receiver.stop();
    await postgres.stop();
    await folder.remove();
  }
}
