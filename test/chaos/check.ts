/**
 * The checker: the seventeen invariants by their numbers, from what can be seen from outside. It shares
 * no code with the application but the workflows it replays.
 */
import { checkDeliveries } from './checks/deliveries.ts';
import { checkHistories } from './checks/histories.ts';
import { checkInbox } from './checks/inbox.ts';
import { checkLedger } from './checks/ledger.ts';
import { checkBothSides, checkOnce, checkRefundable } from './checks/money.ts';
import { checkAmounts, checkPromises, checkRepeats, checkStrangers } from './checks/promises.ts';
import { checkStates, checkWorkflows } from './checks/states.ts';
import { createVerdicts, invariants } from './checks/verdicts.ts';
import type { Verdicts } from './checks/verdicts.ts';
import { gather } from './evidence.ts';
import type { Evidence, Findings } from './evidence.ts';
import type { ReportSource } from './life.ts';
import type { Planted, Statements } from './statements.ts';

export { checkAlive } from './checks/states.ts';

export async function check(
  evidence: Evidence,
  input: {
    told: readonly ReportSource[];
    /** Lives that could not be lived to their end. */
    lost: readonly string[];
    /** Open in the middle of the run, and without a workflow. */
    lonely: readonly string[];
    /** Still under way when the time was over. */
    left: readonly string[];
    /** Where books and providers' balances differed, at whatever quiet moment. */
    unbalanced: readonly string[];
    planted: readonly Planted[];
    statements: Statements;
    say: (text: string) => void;
  },
) {
  const { told, planted, say } = input;
  const verdicts = createVerdicts();
  for (const problem of input.lost) verdicts.expect(1, false, problem);
  for (const id of input.lonely) verdicts.expect(10, false, `${id} was open without a workflow`);
  for (const what of input.left) verdicts.expect(10, false, `stalled: ${what}`);
  const found = await gather(evidence);
  say('gathered what rows, books, log and feed say');
  checkPromises(found, told, verdicts);
  await checkRepeats(evidence, told, verdicts);
  checkOnce(found, planted, verdicts);
  checkRefundable(found, verdicts);
  await checkLedger(evidence, found, verdicts);
  checkBothSides(found, verdicts);
  checkStates(found, told, verdicts);
  await checkDeliveries(evidence, found, verdicts);
  await checkWorkflows(evidence, verdicts);
  await checkInbox(evidence, found, told, verdicts);
  await checkStrangers(evidence, found, verdicts);
  await checkAmounts(evidence, found, verdicts);
  checkStatements(input, found, verdicts);
  for (const problem of input.unbalanced) verdicts.expect(17, false, problem);
  const { replayed } = await checkHistories(evidence, found, verdicts);
  const broken = verdicts.broken();
  for (const problem of broken) say(`BROKEN ${problem}`);
  say(`checked ${Object.keys(invariants).length} invariants, ${broken.length} problems`);
  return { verdicts: verdicts.summary(), figures: { ...figuresOf(found, told), replayed }, broken };
}

/** 14: what was planted is found, and nothing that is not there. */
function checkStatements(
  { planted, statements }: { planted: readonly Planted[]; statements: Statements },
  { copies }: Findings,
  { expect }: Verdicts,
): void {
  for (const problem of statements.failed) expect(14, false, problem);
  for (const { accountId, outTradeNo } of planted) {
    const isFound = statements.open.some((one) => {
      return (
        one.outTradeNo === outTradeNo && one.accountId === accountId && one.kind === 'unknown_trade'
      );
    });
    expect(14, isFound, `${outTradeNo} was planted at ${accountId} and not found`);
  }
  const numbers = new Set([
    ...planted.map(({ outTradeNo }) => outTradeNo),
    // Somebody else's payments with our numbers: known by the provider's number, or where ours has none yet by ours.
    ...[...copies.values()].flatMap(({ outTradeNo, details }) => [outTradeNo, details['copyOf']]),
  ]);
  for (const { outTradeNo, kind, about, refundNo, note } of statements.open) {
    const words = `${kind} of ${about} ${outTradeNo} ${refundNo ?? ''} (${note})`;
    expect(14, numbers.has(outTradeNo ?? ''), `found and not planted: ${words}`);
  }
}

function figuresOf(found: Findings, told: readonly ReportSource[]) {
  const { orders, trades, refunds, disputes, events, arrivals, payments } = found;
  const count = (status: string) => orders.filter((order) => order.status === status).length;
  const attempts = [...trades.values()].flatMap(({ notifications }) =>
    notifications.flatMap(({ attempts }) => attempts),
  );
  return {
    orders: orders.length,
    paid: count('paid'),
    partiallyRefunded: count('partially_refunded'),
    refunded: count('refunded'),
    closed: count('closed'),
    failed: count('failed'),
    payments: payments.length,
    surplusPayments: payments.filter(({ surplus }) => surplus !== null).length,
    captures: [...trades.values()].reduce((sum, trade) => sum + trade.captures, 0),
    refunds: refunds.length,
    refusedRefunds: told.reduce((sum, { refusedRefunds }) => sum + refusedRefunds, 0),
    bouncedRefunds: refunds.filter(({ status }) => status === 'needs_attention').length,
    disputes: disputes.length,
    notificationAttempts: attempts.length,
    forgedOrReplayed: attempts.filter(({ fault }) => /^(forged|replayed)$/.test(fault ?? ''))
      .length,
    events: events.length,
    arrivals: arrivals.length,
  };
}
