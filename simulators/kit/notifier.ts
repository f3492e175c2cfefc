import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { keyOf } from './book.ts';
import type { Attempt, Notification, NotificationEnd } from './book.ts';
import type { FaultScript, NotifyKind, ActiveFault } from './faults.ts';
import type { Ledger } from './journal.ts';

export type Rendered = { headers: Record<string, string>; body: string };

/** A scripted change of a notification's content, signature or timestamp. */
export type Change = {
  fault: Extract<NotifyKind, 'wrongAmount' | 'wrongApp' | 'wrongSeller' | 'forged' | 'replayed'>;
} | null;

export type NotifierOptions = {
  ledger: Ledger;
  faults: FaultScript;
  /** The delays between the attempts. */
  retryGapsMs: readonly number[];
  answerTimeoutMs: number;
  /** Renders and signs for every attempt; `replayed` uses a timestamp older than any tolerance. */
  render(notification: Notification, change: Change): Promise<Rendered> | Rendered;
  isAcknowledged(status: number, body: string): boolean;
};

export type Notifier = {
  /** Sends a new notification, and retries it by the schedule until it is acknowledged. */
  start(notification: Notification): void;
  /** Resumes notifications that were not acknowledged before a restart. */
  resume(): void;
  /** Sends a notification again at once, acknowledged or not. */
  resend(notification: Notification): Promise<void>;
  /** Sends a request without recording it in the book. */
  send(url: string, rendered: Rendered): Promise<Attempt>;
  stop(): Promise<void>;
};

export function createNotifier(options: NotifierOptions): Notifier {
  const { ledger, faults, retryGapsMs, answerTimeoutMs, render, isAcknowledged } = options;
  const agent = new Agent({
    connections: 32,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const timers = new Map<Notification, NodeJS.Timeout>();
  let heldBack: (() => void)[] = [];

  function schedule(notification: Notification, delayMs: number): void {
    if (stopping.signal.aborted) return;
    timers.set(
      notification,
      setTimeout(() => void runAttempt(notification), delayMs),
    );
  }

  /** One scheduled attempt, then the end or the next schedule. */
  async function runAttempt(notification: Notification): Promise<void> {
    await attempt(notification, {});
    // After a stop or a kill, the restarted simulator continues from the book.
    if (notification.end || stopping.signal.aborted) return;
    const gapMs = retryGapsMs[attemptCount(notification) - 1];
    if (gapMs === undefined) end(notification, 'given_up');
    else schedule(notification, gapMs);
  }

  async function attempt(notification: Notification, extra: { isExtra?: true }): Promise<void> {
    const activeFault = faults.takeForNotify(notification);
    const fault = activeFault && { fault: activeFault.kind };
    if (activeFault?.kind === 'lost' || activeFault?.kind === 'lostForever') {
      recordAttempt(notification, { atMs: Date.now(), outcome: 'not_sent', ...fault, ...extra });
      if (activeFault.kind === 'lostForever') end(notification, 'lost');
      return;
    }
    if (activeFault && activeFault.kind !== 'replayed') await holdBack(activeFault);
    const rendered = await render(notification, changeOf(activeFault));
    const copies =
      activeFault?.kind === 'duplicate' ? [extra, { isExtra: true as const }] : [extra];
    await Promise.all(
      copies.map(async (copy) => {
        const result = await send(notification.url, rendered);
        if (stopping.signal.aborted) return;
        recordAttempt(notification, { ...result, ...fault, ...copy });
        // A resend can succeed after the end of retries; a duplicate's second copy changes nothing.
        const isFirst = notification.end !== 'acknowledged';
        if (result.outcome === 'acknowledged' && isFirst) end(notification, 'acknowledged');
      }),
    );
    if (activeFault?.kind !== 'reordered') releaseHeldBack();
    if (activeFault?.kind === 'replayed') void replay(notification, activeFault);
  }

  async function replay(
    notification: Notification,
    activeFault: ActiveFault<NotifyKind>,
  ): Promise<void> {
    await holdBack(activeFault);
    const rendered = await render(notification, { fault: 'replayed' });
    const result = await send(notification.url, rendered);
    if (stopping.signal.aborted) return;
    recordAttempt(notification, { ...result, fault: 'replayed', isExtra: true });
  }

  async function holdBack({ kind, delayMs }: ActiveFault<NotifyKind>): Promise<void> {
    const isOver = sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (kind !== 'reordered') return isOver;
    const isOvertaken = new Promise<void>((resolve) => heldBack.push(resolve));
    return Promise.race([isOver, isOvertaken]);
  }

  function releaseHeldBack(): void {
    for (const release of heldBack) release();
    heldBack = [];
  }

  async function send(url: string, { headers, body }: Rendered): Promise<Attempt> {
    const atMs = Date.now();
    try {
      const response = await request(url, { method: 'POST', dispatcher: agent, headers, body });
      const answer = (await response.body.text()).slice(0, 200);
      const outcome = isAcknowledged(response.statusCode, answer) ? 'acknowledged' : 'refused';
      return { atMs, outcome, httpStatus: response.statusCode, answer };
    } catch (error) {
      return { atMs, outcome: 'unreachable', answer: String(error).slice(0, 200) };
    }
  }

  function recordAttempt(notification: Notification, attempt: Attempt): void {
    const { id } = notification;
    ledger.record([{ type: 'notificationAttempted', ...keyOf(notification), id, attempt }]);
  }

  function end(notification: Notification, end: NotificationEnd): void {
    const { id } = notification;
    ledger.record([{ type: 'notificationEnded', ...keyOf(notification), id, end }]);
    clearTimeout(timers.get(notification));
    timers.delete(notification);
  }

  return {
    start: (notification) => schedule(notification, 0),
    resume() {
      for (const payment of ledger.book.payments.values()) {
        for (const notification of payment.notifications.filter(({ end }) => !end)) {
          const lastAtMs = notification.attempts.at(-1)?.atMs ?? 0;
          const gapMs = retryGapsMs[attemptCount(notification) - 1] ?? 0;
          schedule(notification, Math.max(lastAtMs + gapMs - Date.now(), 0));
        }
      }
    },
    resend: (notification) => attempt(notification, { isExtra: true }),
    send,
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await agent.destroy();
    },
  };
}

/** The number of scheduled attempts so far. */
function attemptCount({ attempts }: Notification): number {
  return attempts.filter(({ isExtra }) => !isExtra).length;
}

/** The change for a fault; a replay is first sent unchanged. */
function changeOf(activeFault: ActiveFault<NotifyKind> | undefined): Change {
  switch (activeFault?.kind) {
    case 'wrongAmount':
    case 'wrongApp':
    case 'wrongSeller':
    case 'forged':
      return { fault: activeFault.kind };
    default:
      return null;
  }
}
