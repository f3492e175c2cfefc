import type { ApiClient } from '../support/api-client.ts';
import type { PlannedOrder } from './plan.ts';

export type RunBody = {
  id: string;
  accountId: string;
  date: string;
  status: string;
  failure: string | null;
  trigger: string;
  counts: { entries: number; matched: number; healed: number; differences: number };
};

export type DifferenceBody = {
  id: string;
  kind: string;
  status: string;
  about: 'payment' | 'refund';
  outTradeNo: string;
  refundNo: string | null;
  orderId: string | null;
  ours: { status: string; amountMinor: number; currency: string; ledgerMinor: number } | null;
  theirs: { amountMinor: number; currency: string; lines: number } | null;
  action: string;
  note: string | null;
  healedBy: string | null;
  acknowledgedNote: string | null;
};

/** Asks for a day over the API and waits for its end. */
export async function reconcile(
  api: ApiClient,
  day: { accountId: string; date: string },
): Promise<RunBody> {
  const headers = { prefer: 'wait=60' };
  const begun = await api<RunBody>('POST', '/v1/reconciliations', { body: day, headers });
  if (begun.status !== 202) throw new Error(`answered ${begun.status}: ${begun.text}`);
  let run = begun.body;
  while (run.status === 'running') {
    ({ body: run } = await api<RunBody>('GET', `/v1/reconciliations/${run.id}`, { headers }));
  }
  return run;
}

/** All differences of a run, page by page. */
export async function differencesOf(
  api: ApiClient,
  { id }: { id: string },
): Promise<DifferenceBody[]> {
  const all: DifferenceBody[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor && `&cursor=${cursor}`;
    const { body } = await api<{ data: DifferenceBody[]; nextCursor: string | null }>(
      'GET',
      `/v1/reconciliations/${id}/differences?limit=100${from}`,
    );
    all.push(...body.data);
    cursor = body.nextCursor;
  }
  return all;
}

/** What was planted and what was found, held against each other by code that knows nothing of the rules. */
export function weigh(plan: readonly PlannedOrder[], found: readonly DifferenceBody[]) {
  const wordsOf = (one: { kind: string; about: string; number: string; status: string }) =>
    `${one.kind} ${one.about} ${one.number} ${one.status}`;
  const planned = plan.flatMap(({ expected }) => (expected ? [wordsOf(expected)] : []));
  const listed = found.map((one) =>
    wordsOf({ ...one, number: (one.about === 'refund' ? one.refundNo : one.outTradeNo) ?? '' }),
  );
  return {
    planted: planned.length,
    found: planned.filter((words) => listed.includes(words)).length,
    missed: planned.filter((words) => !listed.includes(words)),
    invented: listed.filter((words) => !planned.includes(words)),
    healed: found.filter(({ status }) => status === 'healed').length,
  };
}
