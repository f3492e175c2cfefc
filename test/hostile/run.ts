/**
 * The whole product under a hostile world beside a healthy merchant: fails if anything of the merchant's is lost or late,
 * a process ends, an event loop is held, or memory and sockets do not come back. `--help` has the options.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNodeProcess } from '../../dev/services/child.ts';
import { createSeeded } from '../support/hostile/seeded.ts';
import { until } from '../support/until.ts';
import { startHealthy } from './healthy.ts';
import type { HealthyFigures } from './healthy.ts';
import { bounds, judge } from './judge.ts';
import type { ProcessFigures } from './judge.ts';
import { help, readOptions } from './options.ts';
import type { Options } from './options.ts';
import { startStack } from './stack.ts';
import type { LoopSecond, Watched } from './watched.ts';
import type { WorldCounts, WorldInput } from './world.ts';

export type Summary = {
  ok: boolean;
  seed: number;
  minutes: number;
  parts: Options['parts'];
  healthy: HealthyFigures;
  hostile: WorldCounts;
  processes: ProcessFigures[];
  problems: string[];
  seconds: number;
};

const warmUpMs = 6_000;
const progressEveryMs = 10_000;
const backlogTimeoutMs = 60_000;
const settleTimeoutMs = 120_000;

const options = readOptions(process.argv.slice(2));
if (options === undefined || typeof options === 'string') {
  const isHelp = options === undefined;
  (isHelp ? process.stdout : process.stderr).write(isHelp ? help : `${options}\n`);
  process.exit(isHelp ? 0 : 2);
}

const startedMs = Date.now();
const elapsedS = () => Math.round((Date.now() - startedMs) / 100) / 10;
const say = (text: string) => process.stderr.write(`${elapsedS().toFixed(1)} s  ${text}\n`);

async function run(folder: string, { minutes, seed, parts, lateMs }: Options): Promise<Summary> {
  const random = createSeeded(seed);
  const stack = await startStack({ folder, parts });
  const closes: (() => Promise<void>)[] = [stack.stop];
  try {
    const healthy = await startHealthy(stack, { lateMs, random });
    closes.push(healthy.close);
    say('up; the healthy merchant is alone');
    await sleep(warmUpMs);
    await until('the first paid order', () => healthy.counts().ordersPaid > 0);
    for (const one of stack.platform) one.collectGarbage();
    // A line of the watch comes each second.
    await sleep(2_000);
    const before = stack.platform.map((one) => one.memoryAndSockets());
    const sinceMs = Date.now();

    const world = await startWorld(folder, {
      url: stack.url,
      seed: random.int(2 ** 31),
      hostile: stack.hostile,
      healthyAccountId: stack.healthy.accounts[0]!.accountId,
    });
    closes.push(world.stop);
    say('the hostile world is there');
    const progress = setInterval(() => {
      const { published, arrived, ordersPaid } = healthy.counts();
      const now = stack.platform.map((one) => {
        const { rssMb, sockets } = one.memoryAndSockets();
        const { longestStallMs } = one.longestStall({ sinceMs });
        return `${one.name} ${rssMb} MB, ${sockets} sockets, ${Math.round(longestStallMs)} ms`;
      });
      say(`${arrived} of ${published} arrived, ${ordersPaid} orders paid; ${now.join('; ')}`);
    }, progressEveryMs);
    await sleep(minutes * 60_000);
    say('the hostile world ends');
    const hostile = await world.end();
    const figures = await healthy.finish({ timeoutMs: backlogTimeoutMs });
    say('the healthy merchant has everything');
    const stalls = stack.platform.map((one) => one.longestStall({ sinceMs }));
    await settle(stack.platform, before);
    clearInterval(progress);
    const processes = stack.platform.map((one, at) => figuresOf(one, before[at]!, stalls[at]!));
    const problems = judge({ healthy: figures, hostile, processes, lateMs });
    return {
      ok: problems.length === 0,
      seed,
      minutes,
      parts,
      healthy: figures,
      hostile,
      processes,
      problems,
      seconds: elapsedS(),
    };
  } finally {
    for (const close of closes.toReversed()) await close();
  }
}

async function startWorld(folder: string, input: WorldInput) {
  const world = await startNodeProcess({
    entry: 'test/hostile/world.ts',
    logFile: join(folder, 'hostile-world.log'),
    env: { HOSTILE_WORLD: JSON.stringify(input) },
  });
  return {
    stop: world.stop,
    async end(): Promise<WorldCounts> {
      const response = await fetch(`${String(world.ready['url'])}/end`, { method: 'POST' });
      return (await response.json()) as WorldCounts;
    },
  };
}

/** Waits until memory and sockets are where they were, or the time is over. */
async function settle(platform: readonly Watched[], before: readonly Resources[]): Promise<void> {
  const isSettled = () =>
    platform.every((one, at) => {
      const now = one.memoryAndSockets();
      const was = before[at]!;
      return (
        now.rssMb - was.rssMb <= bounds.moreRssMb &&
        now.heapMb - was.heapMb <= bounds.moreHeapMb &&
        now.sockets - was.sockets <= bounds.moreSockets
      );
    });
  const endsMs = Date.now() + settleTimeoutMs;
  do {
    for (const one of platform) one.collectGarbage();
    await sleep(2_000);
  } while (!isSettled() && Date.now() < endsMs);
}

type Resources = ReturnType<Watched['memoryAndSockets']>;

function figuresOf(
  one: Watched,
  before: Resources,
  { longestStallMs, atMs }: LoopSecond,
): ProcessFigures {
  const after = one.memoryAndSockets();
  return {
    name: one.name,
    pid: one.pid,
    ended: one.ended[0]?.code ?? null,
    longestStallMs: Math.round(longestStallMs),
    longestStallAt: new Date(atMs).toISOString(),
    rssMbBefore: before.rssMb,
    rssMbAfter: after.rssMb,
    heapMbBefore: before.heapMb,
    heapMbAfter: after.heapMb,
    socketsBefore: before.sockets,
    socketsAfter: after.sockets,
    uncaughtSurvived: one.uncaughtSurvived(),
    logFile: one.logFile,
  };
}

process.stderr.write(`seed ${options.seed}\n`);
const folder = await mkdtemp(join(tmpdir(), 'tender-hostile-'));
try {
  const summary = await run(folder, options);
  process.stdout.write(options.isJson ? `${JSON.stringify(summary)}\n` : table(summary));
  for (const problem of summary.problems) say(`PROBLEM ${problem}`);
  if (summary.ok) await rm(folder, { recursive: true, force: true });
  else {
    process.exitCode = 1;
    say(`kept for a look: ${folder}`);
  }
} catch (error) {
  say(`the run itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  say(`kept for a look: ${folder}`);
  process.exitCode = 1;
}

function table({ healthy, hostile, processes, problems }: Summary): string {
  const row = (...cells: (string | number)[]) =>
    cells
      .map((cell, at) => (at === 0 ? String(cell).padEnd(24) : String(cell).padStart(10)))
      .join('');
  const { published, publish, orders } = healthy;
  const lines = [
    row('healthy', 'arrived', 'twice', 'lost', 'p50 ms', 'p99 ms', 'max ms'),
    ...Object.entries(healthy.channels).map(([channel, one]) =>
      row(channel, one.arrived, one.duplicates, one.lost, one.p50Ms, one.p99Ms, one.maxMs),
    ),
    row('published', published, '', '', publish.p50Ms, publish.p99Ms, publish.maxMs),
    row(
      'orders opened',
      orders.opened,
      '',
      '',
      orders.opening.p50Ms,
      orders.opening.p99Ms,
      orders.opening.maxMs,
    ),
    row(
      'orders paid',
      orders.paid,
      '',
      '',
      orders.paying.p50Ms,
      orders.paying.p99Ms,
      orders.paying.maxMs,
    ),
    '',
    ...Object.entries(hostile.asked).map(
      ([kind, answers]) =>
        kind.padEnd(24) +
        Object.entries(answers)
          .map(([answer, count]) => `${answer}: ${count}`)
          .join(', '),
    ),
    `${'called by the platform'.padEnd(24)}${hostile.called.requests} requests, ${hostile.called.messages} messages`,
    '',
    row('process', 'stall ms', 'MB before', 'MB after', 'sockets', 'after', 'uncaught'),
    ...processes.map((one) =>
      row(
        one.name,
        one.longestStallMs,
        one.rssMbBefore,
        one.rssMbAfter,
        one.socketsBefore,
        one.socketsAfter,
        one.uncaughtSurvived,
      ),
    ),
    '',
    problems.length === 0 ? 'Every line of the promise holds.' : problems.join('\n'),
  ];
  return `${lines.join('\n')}\n`;
}
