import { hasBeenPaid, isEnded, nextPollMs } from './order.ts';
import type { CloseReason, OrderStatus } from './order.ts';

/** What a merchant, or a person, can ask of a running order beside cancelling it. */
export type OrderCommand = 'capture' | 'switch' | 'resolve';

/** What the workflow of an order knows of it between two steps. A value: each change makes a new one. */
export type OrderLife = {
  status: OrderStatus;
  /** What a person has to decide on, in a line. */
  review?: string | undefined;
  /** How often the provider was asked; the waits between grow with it. */
  polls: number;
  /** The merchant has confirmed, or is not asked to. */
  isConfirmed: boolean;
  /** The order is done, and something at a provider may still bring it money. */
  hasOpenAttempts: boolean;
  isCancelRequested: boolean;
  commands: readonly OrderCommand[];
};

/** What a step of the order found. */
export type StepResult = {
  status: OrderStatus;
  review?: string | undefined;
  hasOpenAttempts?: boolean | undefined;
};

export type Clock = { nowMs: number; expiresAtMs: number };

/** What comes next for an order that has not ended. */
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
 * Takes in what a step found. The database's status is monotonic, and an answer that was under way for long must not
 * undo a newer one: after an end, only late money that the order accepts leads on.
 */
export function afterResult(life: OrderLife, result: StepResult): OrderLife {
  const hasOpenAttempts = life.hasOpenAttempts || result.hasOpenAttempts === true;
  const isNewer =
    !isEnded(life.status) || (!hasBeenPaid(life.status) && hasBeenPaid(result.status));
  if (!isNewer) return { ...life, hasOpenAttempts };
  return { ...life, hasOpenAttempts, status: result.status, review: result.review };
}

/** Adds a command; the same one twice is one. */
export function withCommand(life: OrderLife, command: OrderCommand): OrderLife {
  const commands = [...life.commands.filter((known) => known !== command), command];
  return { ...life, commands };
}

/** Whether something has to be done at once, without waiting for news or for the next look. */
export function isStepDue(life: OrderLife, clock: Clock): boolean {
  return (
    isEnded(life.status) ||
    isToClose(life, clock) ||
    life.commands.length > 0 ||
    awaitsConfirmation(life)
  );
}

/** How long to wait for news before the provider is asked, ms. */
export function nextLookMs(life: OrderLife, { nowMs, expiresAtMs }: Clock): number {
  const pollMs = nextPollMs({ polls: life.polls, isIdle: isIdle(life) });
  return isIdle(life) ? pollMs : Math.min(pollMs, Math.max(expiresAtMs - nowMs, 1));
}

/** How long to wait after the provider has refused us for good, as with a revoked key, ms. */
export function pauseAfterRefusalMs(life: OrderLife): number {
  return nextPollMs({ polls: life.polls, isIdle: isIdle(life) });
}

/** Decides what comes next: a confirmation before commands, commands before the close, the close before a look. */
export function nextStep(life: OrderLife, clock: Clock): OrderStep {
  if (awaitsConfirmation(life)) return { kind: 'confirm' };
  const command = commandOrder.find((kind) => life.commands.includes(kind));
  if (command) return { kind: command };
  if (!isToClose(life, clock)) return { kind: 'query' };
  const isCancelled = life.isCancelRequested && clock.nowMs < clock.expiresAtMs;
  const reason = life.status === 'authorized' || isCancelled ? 'cancelled' : 'expired';
  return { kind: 'close', reason };
}

/** The life as a step begins: it counts as a look, a command is taken out, and a confirmation is asked for once. */
export function begun(life: OrderLife, step: OrderStep): OrderLife {
  return {
    ...life,
    polls: life.polls + 1,
    commands: life.commands.filter((command) => command !== step.kind),
    isConfirmed: life.isConfirmed || step.kind === 'confirm',
  };
}

/** There is money, and the merchant has not been asked to confirm it. */
export function awaitsConfirmation({ status, isConfirmed }: OrderLife): boolean {
  return !isConfirmed && (status === 'authorized' || hasBeenPaid(status));
}

/** An order that has ended still has to be confirmed, or attempts of it closed. */
export function isUnfinished(life: OrderLife): boolean {
  return awaitsConfirmation(life) || life.hasOpenAttempts;
}

const commandOrder = ['resolve', 'capture', 'switch'] as const satisfies readonly OrderCommand[];

/** No clock and no command closes an order in review, and no clock closes held money: a person or the provider does. */
function isToClose({ status, isCancelRequested }: OrderLife, { nowMs, expiresAtMs }: Clock) {
  if (status === 'pending') return isCancelRequested || nowMs >= expiresAtMs;
  return status === 'authorized' && isCancelRequested;
}

/** Nobody waits at a screen: looks become rare. */
const isIdle = ({ status }: OrderLife) => status === 'review' || status === 'authorized';
