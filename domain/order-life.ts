import { hasBeenPaid, isEnded, nextPollMs } from './order.ts';
import type { CloseReason, OrderStatus } from './order.ts';

/** What a merchant, or a person, can ask of a running order besides cancelling it. */
export type OrderCommand = 'capture' | 'switch' | 'resolve';

/** The state of an order's workflow between two steps. Immutable: each change returns a new one. */
export type OrderLife = {
  status: OrderStatus;
  /** The open review in one line. */
  review?: string | undefined;
  /** How often the provider was queried; the poll interval grows with it. */
  polls: number;
  /** The merchant has confirmed, or was asked, or need not be. */
  isConfirmed: boolean;
  /** A payment attempt of an ended order is still open at a provider and may bring money. */
  hasOpenAttempts: boolean;
  isCancelRequested: boolean;
  commands: readonly OrderCommand[];
};

/** The result of one step of the order. */
export type StepResult = {
  status: OrderStatus;
  review?: string | undefined;
  hasOpenAttempts?: boolean | undefined;
};

export type Clock = { nowMs: number; expiresAtMs: number };

/** The next step of an order that has not ended. */
export type OrderStep =
  | { kind: 'confirm' }
  | { kind: OrderCommand }
  | { kind: 'close'; reason: CloseReason }
  | { kind: 'query' };

export function newOrderLife({ isConfirmed }: { isConfirmed: boolean }): OrderLife {
  return {
    status: 'pending',
    polls: 0,
    isConfirmed,
    hasOpenAttempts: false,
    isCancelRequested: false,
    commands: [],
  };
}

/**
 * Applies the result of a step. The database's status is monotonic and results may arrive late, so a result after the
 * end changes the status only if it is late money that the order accepts.
 */
export function afterResult(life: OrderLife, result: StepResult): OrderLife {
  const hasOpenAttempts = life.hasOpenAttempts || result.hasOpenAttempts === true;
  const isNewer =
    !isEnded(life.status) || (!hasBeenPaid(life.status) && hasBeenPaid(result.status));
  if (!isNewer) return { ...life, hasOpenAttempts };
  return { ...life, hasOpenAttempts, status: result.status, review: result.review };
}

/** Adds a command; a repeated one counts once. */
export function withCommand(life: OrderLife, command: OrderCommand): OrderLife {
  const commands = [...life.commands.filter((known) => known !== command), command];
  return { ...life, commands };
}

/** True if a step is due now, without waiting for a signal or the next poll. */
export function isStepDue(life: OrderLife, clock: Clock): boolean {
  return (
    isEnded(life.status) ||
    isToClose(life, clock) ||
    life.commands.length > 0 ||
    awaitsConfirmation(life)
  );
}

/** How long to wait for a signal before the provider is polled, ms. */
export function pollDelayMs(life: OrderLife, { nowMs, expiresAtMs }: Clock): number {
  const pollMs = pauseAfterRefusalMs(life);
  return isIdle(life) ? pollMs : Math.min(pollMs, Math.max(expiresAtMs - nowMs, 1));
}

/** How long to wait after a permanent refusal by the provider, as with a revoked key, ms. */
export function pauseAfterRefusalMs(life: OrderLife): number {
  return nextPollMs({ polls: life.polls, isIdle: isIdle(life) });
}

/**
 * Decides the next step: a confirmation before commands, commands before a close, a close before a query.
 * @example nextStep(newOrderLife({ isConfirmed: true }), { nowMs: 0, expiresAtMs: 60_000 }) // { kind: 'query' }
 */
export function nextStep(life: OrderLife, clock: Clock): OrderStep {
  if (awaitsConfirmation(life)) return { kind: 'confirm' };
  const command = commandOrder.find((kind) => life.commands.includes(kind));
  if (command) return { kind: command };
  if (!isToClose(life, clock)) return { kind: 'query' };
  const isCancelled = life.isCancelRequested && clock.nowMs < clock.expiresAtMs;
  const reason = life.status === 'authorized' || isCancelled ? 'cancelled' : 'expired';
  return { kind: 'close', reason };
}

/** The state as a step begins: counts a poll, removes the step's command, and asks for a confirmation only once. */
export function startStep(life: OrderLife, step: OrderStep): OrderLife {
  return {
    ...life,
    polls: life.polls + 1,
    commands: life.commands.filter((command) => command !== step.kind),
    isConfirmed: life.isConfirmed || step.kind === 'confirm',
  };
}

/** True if there is money and the merchant has not been asked to confirm it. */
export function awaitsConfirmation({ status, isConfirmed }: OrderLife): boolean {
  return !isConfirmed && (status === 'authorized' || hasBeenPaid(status));
}

/** True if an ended order still needs a confirmation, or has open attempts to close. */
export function isUnfinished(life: OrderLife): boolean {
  return awaitsConfirmation(life) || life.hasOpenAttempts;
}

const commandOrder = ['resolve', 'capture', 'switch'] as const satisfies readonly OrderCommand[];

/**
 * Neither the deadline nor a cancellation closes an order in review, and the deadline does not close an authorised one:
 * a person or the provider decides.
 */
function isToClose({ status, isCancelRequested }: OrderLife, { nowMs, expiresAtMs }: Clock) {
  if (status === 'pending') return isCancelRequested || nowMs >= expiresAtMs;
  return status === 'authorized' && isCancelRequested;
}

/** No payer is waiting, so polls become rare. */
const isIdle = ({ status }: OrderLife) => status === 'review' || status === 'authorized';
