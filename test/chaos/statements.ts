import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './evidence.ts';
import type { Evidence } from './evidence.ts';

/** Money in the provider's book that is none of ours: what a reconciliation has to find. */
export type Planted = { accountId: string; outTradeNo: string };

export type Difference = {
  accountId: string;
  kind: string;
  status: string;
  about: string;
  outTradeNo: string | null;
  refundNo: string | null;
  note: string | null;
};

export type Statements = { open: Difference[]; healed: number; entries: number; failed: string[] };

const perAccount = 3;

export async function plantStrangers({ merchant }: Evidence): Promise<Planted[]> {
  const planted: Planted[] = [];
  for (const { accountId, account, simulatorUrl, provider } of merchant.accounts) {
    const payments = Array.from({ length: perAccount }, (_, number) => ({
      outTradeNo: `planted${randomBytes(8).toString('hex')}`,
      amountMinor: 700 + number,
      currency: 'CNY',
      paidAt: new Date().toISOString(),
    }));
    const response = await fetch(`${simulatorUrl}/console/seed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account, payments }),
    });
    if (!response.ok) throw new Error(`${provider}: ${await response.text()}`);
    planted.push(...payments.map(({ outTradeNo }) => ({ accountId, outTradeNo })));
  }
  return planted;
}

/** Has every day of the run compared with the providers' statements, and reads what was found. */
export async function reconcile(
  evidence: Evidence,
  { startedMs, say }: { startedMs: number; say: (text: string) => void },
): Promise<Statements> {
  const found: Statements = { open: [], healed: 0, entries: 0, failed: [] };
  for (const { accountId, provider } of evidence.merchant.accounts) {
    const timeZone = provider === 'stripe' ? 'UTC' : 'Asia/Shanghai';
    const dayOf = (timeMs: number) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(timeMs);
    for (const date of new Set([dayOf(startedMs), dayOf(Date.now())])) {
      const { id, status, counts, failure } = await runDay(evidence, { accountId, date });
      if (status !== 'done') found.failed.push(`${accountId} ${date} is ${status}: ${failure}`);
      found.entries += counts.entries;
      found.healed += counts.healed;
      found.open.push(...(await readDifferences(evidence, id, accountId)));
      say(`reconciled ${provider} ${date}: ${JSON.stringify(counts)}`);
    }
  }
  return found;
}

type Run = {
  id: string;
  status: string;
  failure: string | null;
  counts: { entries: number; matched: number; healed: number; differences: number };
};

const patienceMs = 180_000;

async function runDay(
  { url, merchant: { key } }: Evidence,
  day: { accountId: string; date: string },
): Promise<Run> {
  const response = await fetch(`${url}/v1/reconciliations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(day),
  });
  const started = (await response.json()) as Run;
  if (response.status !== 202) throw new Error(`reconciliation: ${JSON.stringify(started)}`);
  const endsMs = Date.now() + patienceMs;
  for (;;) {
    await sleep(500);
    const { body } = await get<Run>({ url }, key, `/v1/reconciliations/${started.id}`);
    const isOver = body.status === 'done' || body.status === 'failed';
    if (isOver || Date.now() > endsMs) return body;
  }
}

async function readDifferences(
  evidence: Evidence,
  id: string,
  accountId: string,
): Promise<Difference[]> {
  const all: Difference[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `/v1/reconciliations/${id}/differences?status=open&limit=100${cursor && `&cursor=${cursor}`}`;
    const { body } = await get<{ data: Difference[]; nextCursor: string | null }>(
      evidence,
      evidence.merchant.key,
      path,
    );
    all.push(...body.data.map((difference) => ({ ...difference, accountId })));
    cursor = body.nextCursor;
  }
  return all;
}
