import {
  ActivityFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  afterResult,
  awaitsConfirmation,
  startStep,
  isStepDue,
  isUnfinished,
  newOrderLife,
  pollDelayMs,
  nextStep,
  pauseAfterRefusalMs,
  withCommand,
} from '../domain/order-life.ts';
import type { OrderLife, OrderStep } from '../domain/order-life.ts';
import { isEnded } from '../domain/order.ts';
import { applyReports } from './apply-reports.ts';
import { closeOpenAttempts } from './close-open-attempts.ts';
import { confirmOrder } from './confirm-order.ts';
import { isHistoryLong } from './history.ts';
import { oneAtATime } from './in-turn.ts';
import type { InTurn } from './in-turn.ts';
import { cancelOrder, commandRequested, orderProgress, providerReported } from './messages.ts';
import type { OrderProgress, PayOrderInput } from './messages.ts';
import { carryOut, openPayment } from './order-steps.ts';
import { showChange, showDetails } from './show-order.ts';

/** One order, from opened to its end. Workflow id: `order/<ord_id>`. */
export async function payOrder(input: PayOrderInput): Promise<OrderProgress> {
  const order = newRun(input);
  handleMessages(order);
  if (!input.resumed) await openFirst(order);
  if (!isOver(order)) showDetails(order.life);
  while (!isOver(order)) {
    if (isHistoryLong() && allHandlersFinished()) await continueInNewRun(order);
    await waitForNextStep(order);
    if (!isOver(order)) await takeStep(order, nextStep(order.life, clockOf(order)));
  }
  do {
    await finish(order);
    await condition(allHandlersFinished);
    if (isUnfinished(order.life) && isHistoryLong()) await continueInNewRun(order);
  } while (isUnfinished(order.life));
  return progressOf(order);
}

/** One run of the workflow. Handlers and steps replace `life` by its next value. */
type Order = {
  input: PayOrderInput;
  life: OrderLife;
  /** Cancelled by a command that arrives while the payment is being opened. */
  opening: CancellationScope;
  inTurn: InTurn;
};

const isOver = ({ life }: Order) => isEnded(life.status);
const progressOf = ({ life }: Order): OrderProgress => ({ status: life.status });
const clockOf = ({ input }: Order) => ({ nowMs: Date.now(), expiresAtMs: input.expiresAtMs });

function newRun(input: PayOrderInput): Order {
  const { resumed, confirmWithinMs } = input;
  const { hasLeftovers: hasOpenAttempts = false, wishes: commands = [], ...life } = resumed ?? {};
  return {
    input,
    life: {
      ...newOrderLife({ isConfirmed: confirmWithinMs === undefined }),
      ...life,
      hasOpenAttempts,
      commands,
    },
    opening: new CancellationScope(),
    inTurn: oneAtATime(),
  };
}

/** Continues in a new run: a long order polls its provider every minute, with some ten history events each time. */
function continueInNewRun({ input, life }: Order): Promise<never> {
  const { hasOpenAttempts: hasLeftovers, commands: wishes, review, ...rest } = life;
  return continueAsNew<typeof payOrder>({
    ...input,
    resumed: { ...rest, hasLeftovers, wishes, ...(review !== undefined && { review }) },
  });
}

function handleMessages(order: Order): void {
  setHandler(orderProgress, () => progressOf(order));
  setHandler(
    providerReported,
    applyReports({
      inTurn: order.inTurn,
      onProgress: (progress) => applyProgress(order, progress),
    }),
  );
  setHandler(commandRequested, ({ wish: command }) => {
    order.life = withCommand(order.life, command);
    order.opening.cancel();
  });
  setHandler(cancelOrder, async () => {
    order.life = { ...order.life, isCancelRequested: true };
    order.opening.cancel();
    await condition(() => isOver(order) || order.life.status === 'review');
    return progressOf(order);
  });
}

function applyProgress(
  order: Order,
  { hasLeftovers: hasOpenAttempts, ...result }: OrderProgress,
): void {
  order.life = showChange(order.life, afterResult(order.life, { ...result, hasOpenAttempts }));
}

async function openFirst(order: Order): Promise<void> {
  setCurrentDetails('Opening the payment at the provider.');
  applyProgress(order, await open(order));
}

/** Opens the payment, unless a command comes first. */
async function open(order: Order): Promise<OrderProgress> {
  try {
    return await order.opening.run(() => openPayment(order.input, order.inTurn));
  } catch (error) {
    // The order expired, or a command cancelled the call; the next step queries the provider.
    if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
    return progressOf(order);
  }
}

async function waitForNextStep(order: Order): Promise<void> {
  await condition(
    () => isStepDue(order.life, clockOf(order)),
    pollDelayMs(order.life, clockOf(order)),
    { summary: 'until the provider is queried' },
  );
}

async function takeStep(order: Order, step: OrderStep): Promise<void> {
  order.life = startStep(order.life, step);
  try {
    if (step.kind === 'confirm') applyProgress(order, await confirm(order));
    else if (step.kind === 'switch') applyProgress(order, await switchPayment(order));
    else applyProgress(order, await carryOut(step, order.input));
  } catch (error) {
    // Refused permanently, as with a revoked key: an alert is out, and the order is retried later.
    if (!(error instanceof ActivityFailure)) throw error;
    await condition(() => isOver(order), pauseAfterRefusalMs(order.life));
  }
}

async function switchPayment(order: Order): Promise<OrderProgress> {
  // From here on a command replaces the new attempt.
  order.opening = new CancellationScope();
  const progress = await carryOut({ kind: 'switch' }, order.input);
  return progress.status === 'pending' ? open(order) : progress;
}

async function confirm(order: Order): Promise<OrderProgress> {
  const { orderId, confirmWithinMs = 0 } = order.input;
  order.life = { ...order.life, isConfirmed: true };
  const progress = await confirmOrder({ orderId, withinMs: confirmWithinMs });
  order.life = { ...order.life, isConfirmed: progress !== undefined };
  return progress ?? progressOf(order);
}

/** Finishes an ended order: the merchant's confirmation, and open attempts. */
async function finish(order: Order): Promise<void> {
  if (awaitsConfirmation(order.life)) await confirm(order);
  if (!order.life.hasOpenAttempts) return;
  // Reset before the call: open attempts that a handler finds meanwhile are closed in the next round.
  order.life = { ...order.life, hasOpenAttempts: false };
  const isDone = await closeOpenAttempts({ orderId: order.input.orderId });
  if (!isDone) order.life = { ...order.life, hasOpenAttempts: true };
}
