import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRow, Evidence, Findings } from '../evidence.ts';
import { query } from '../evidence.ts';
import type { ReportSource } from '../life.ts';
import { countWorkflows, lifeWorkflows, withTemporal } from '../quiet.ts';
import type { Verdicts } from './verdicts.ts';

const withMoney = ['paid', 'partially_refunded', 'refunded'];
const unpaidEnds = ['closed', 'failed'];
const disputeEvents: Readonly<Record<string, string>> = {
  inquiry: 'dispute.inquiry_opened',
  open: 'dispute.opened',
};
const open = ['pending', 'authorized', 'review'];

/** Which event may tell of which change; every other event leaves the status as it was. */
const changes: Readonly<Record<string, { from: readonly string[]; to: readonly string[] }>> = {
  'order.authorized': { from: ['pending', 'review'], to: ['authorized'] },
  'order.paid': { from: [...open, ...unpaidEnds], to: ['paid'] },
  'order.closed': { from: open, to: ['closed'] },
  'order.failed': { from: ['pending'], to: ['failed'] },
  'order.review_required': { from: ['pending', 'authorized'], to: ['review'] },
  'order.review_resolved': { from: ['review'], to: ['closed', 'paid'] },
  'refund.succeeded': { from: withMoney, to: ['partially_refunded', 'refunded'] },
  'refund.failed': { from: withMoney, to: withMoney },
  'refund.needs_attention': { from: withMoney, to: withMoney },
};

type Snapshot = {
  status: string;
  version: number;
  latePayment: string;
  about: string | null;
  capturedMinor: number;
  payments: { id: string; status: string; capturedMinor: number }[];
};
type Moment = { type: string; data: Snapshot };

/** 7 and 8: the events of an order are one path through its states, a step for every change. */
export function checkStates(
  found: Findings,
  told: readonly ReportSource[],
  verdicts: Verdicts,
): void {
  const byOrder = new Map<string, Moment[]>();
  for (const event of found.events) {
    if (!event.resource_id.startsWith('ord_')) continue;
    byOrder.set(event.resource_id, [...(byOrder.get(event.resource_id) ?? []), momentOf(event)]);
  }
  for (const order of found.orders) {
    const moments = byOrder.get(order.id) ?? [];
    checkPath(order.id, moments, verdicts);
    const last = moments.at(-1)?.data;
    const words = `${order.id} is ${order.status}, its last event says ${last?.status ?? 'nothing'}`;
    verdicts.expect(8, last?.status === order.status, words);
    verdicts.expect(
      8,
      (last?.version ?? 0) <= order.version,
      `${order.id}: an event is ahead of it`,
    );
    checkCounts(found, order.id, moments, verdicts);
  }
  for (const { id, seen } of told) {
    for (const looks of seen) checkLooks(id, looks, verdicts);
  }
}

function momentOf({ type, body }: EventRow): Moment {
  return { type, data: (JSON.parse(body) as { data: Snapshot }).data };
}

function checkPath(id: string, moments: readonly Moment[], { expect }: Verdicts): void {
  expect(8, moments[0]?.type === 'order.created', `${id} begins with ${moments[0]?.type}`);
  expect(8, moments[0]?.data.status === 'pending', `${id} begins ${moments[0]?.data.status}`);
  for (const [index, { type, data }] of moments.entries()) {
    const before = moments[index - 1]?.data;
    if (!before) continue;
    expect(8, data.version > before.version, `${id}: ${type} has version ${data.version} again`);
    const [from, to] = [before.status, data.status];
    const change = changes[type];
    const isLegal = from === to || (change?.from.includes(from) && change.to.includes(to));
    expect(8, isLegal === true, `${id}: ${type} made it ${to} from ${from}`);
    expect(7, !isRegress(from, to, data.latePayment), `${id} went back from ${from} to ${to}`);
    const isLess = data.capturedMinor < before.capturedMinor;
    expect(7, !isLess, `${id}: less is captured after ${type}`);
    for (const payment of before.payments) {
      const now = data.payments.find(({ id }) => id === payment.id);
      const isKept = payment.status !== 'succeeded' || now?.status === 'succeeded';
      expect(7, isKept, `${payment.id} of ${id} was succeeded, then ${now?.status ?? 'gone'}`);
    }
  }
}

function isRegress(from: string, to: string, latePayment: string): boolean {
  if (withMoney.includes(from)) return !withMoney.includes(to);
  const isAcceptedLate = latePayment === 'accept' && to === 'paid';
  return unpaidEnds.includes(from) && from !== to && !isAcceptedLate;
}

function checkCounts(
  found: Findings,
  orderId: string,
  moments: readonly Moment[],
  { expect }: Verdicts,
): void {
  const count = (type: string, about?: string) =>
    moments.filter((moment) => {
      return moment.type === type && (about === undefined || moment.data.about === about);
    }).length;
  const exactly = (wanted: number, type: string, about?: string) =>
    expect(
      8,
      count(type, about) === wanted,
      `${about ?? orderId} has ${count(type, about)} ${type} for ${wanted}`,
    );
  exactly(1, 'order.created');
  for (const type of ['order.paid', 'order.failed', 'order.review_resolved']) {
    expect(8, count(type) <= 1, `${orderId} has ${count(type)} ${type}`);
  }
  for (const { id, cause, status } of found.refunds.filter((one) => one.order_id === orderId)) {
    exactly(cause === 'requested' || cause === 'rejected' ? 1 : 0, 'refund.created', id);
    if (status !== 'pending') exactly(1, `refund.${status}`, id);
  }
  for (const { id, status } of found.disputes.filter((one) => one.order_id === orderId)) {
    exactly(1, disputeEvents[status] ?? `dispute.${status}`, id);
    expect(8, count('dispute.opened', id) <= 1, `${id} was opened more than once`);
  }
  for (const { id, surplus } of found.payments.filter((one) => one.order_id === orderId)) {
    if (surplus !== 'late' && surplus !== 'duplicate') continue;
    expect(
      8,
      count(`order.${surplus}_payment`, id) >= 1,
      `${id} is ${surplus}, and nobody was told`,
    );
  }
}

function checkLooks(
  id: string,
  looks: readonly { version: number; status: string }[],
  { expect }: Verdicts,
): void {
  for (const [index, look] of looks.entries()) {
    const before = looks[index - 1];
    if (!before) continue;
    expect(7, look.version >= before.version, `${id} was seen going back to ${look.version}`);
    const isBack = isRegress(before.status, look.status, 'accept');
    expect(7, !isBack, `${id} was seen ${before.status}, then ${look.status}`);
  }
}

/** 10, at the end: nothing runs any more, and nothing has failed. */
export async function checkWorkflows(evidence: Evidence, { expect }: Verdicts): Promise<void> {
  const [running, failed] = await Promise.all([
    countWorkflows(evidence, `${lifeWorkflows} and ExecutionStatus = 'Running'`),
    countWorkflows(evidence, `ExecutionStatus in ('Failed', 'Terminated', 'TimedOut', 'Canceled')`),
  ]);
  expect(10, running === 0, `${running} workflows run although everything has ended`);
  expect(10, failed === 0, `${failed} workflows have failed`);
}

const graceMs = 20_000;
const looked = 60;

/** 10, in the middle: what is open for a while has a workflow that runs, or has one soon. */
export async function checkAlive(evidence: Evidence): Promise<string[]> {
  const lonely = await findLonely(evidence);
  if (lonely.length === 0) return [];
  // It may have ended while we looked, or a process that should start it was just killed.
  await sleep(graceMs);
  const after = await findLonely(evidence);
  return lonely.filter((id) => after.includes(id));
}

async function findLonely(evidence: Evidence): Promise<string[]> {
  const rows = await query<{ workflow_id: string }>(
    evidence.databaseUrl,
    `(select 'order/' || id as workflow_id from orders
        where status in ('pending', 'authorized', 'review')
        and created_at < now() - interval '20 seconds' order by id limit ${looked})
      union all (select 'refund/' || id from refunds
        where status = 'pending' and created_at < now() - interval '20 seconds' limit ${looked})`,
  );
  return withTemporal(evidence, async (client) => {
    const lonely: string[] = [];
    for (const { workflow_id: id } of rows) {
      const status = await client.workflow
        .getHandle(id)
        .describe()
        .then(
          ({ status }) => status.name,
          (error: unknown) => String(error),
        );
      if (status !== 'RUNNING') lonely.push(id);
    }
    return lonely;
  }).catch(() => []);
}
