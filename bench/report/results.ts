import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { benchPayments } from '../payments/run.ts';
import type { benchRelay } from '../relay/run.ts';
import type { Drain, WebhooksResult } from '../webhooks/result.ts';

export type PaymentsResult = Awaited<ReturnType<typeof benchPayments>>;
export type RelayResult = Awaited<ReturnType<typeof benchRelay>>;
export type { Drain, WebhooksResult };

export type Machine = { cores: number; cpu: string; memoryGb: number; node: string };

/** One run of a bench, as `--save` stores it. */
export type SavedRun<Result> = {
  /** The day of the run, in UTC. */
  day: string;
  rounds: number;
  secondsPerRound: number;
  machine: Machine;
  result: Result;
};

export type SavedRuns = {
  payments: SavedRun<PaymentsResult>[];
  relay: SavedRun<RelayResult> | undefined;
  webhooks: SavedRun<WebhooksResult> | undefined;
};

type AnyResult = PaymentsResult | RelayResult | WebhooksResult;

/** Writes a run to `folder` and replaces the last one of its bench. */
export function saveRun(folder: string, run: SavedRun<AnyResult>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${nameOf(run.result)}.json`), `${JSON.stringify(run, null, 2)}\n`);
}

export function readRuns(folder: string): SavedRuns {
  const runs = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as SavedRun<AnyResult>);
  const of = <Name extends AnyResult['bench']>(name: Name) =>
    runs.filter(({ result }) => result.bench === name) as SavedRun<
      Extract<AnyResult, { bench: Name }>
    >[];
  return { payments: of('payments'), relay: of('relay')[0], webhooks: of('webhooks')[0] };
}

export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  };
}

const nameOf = (result: AnyResult) =>
  result.bench === 'payments' ? `payments-${result.provider}` : result.bench;
