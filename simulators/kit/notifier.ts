import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { keyOf } from './book.ts';
import type { Attempt, Notification, NotificationEnd } from './book.ts';
import type { FaultScript, NotifyKind, Strike } from './faults.ts';
import type { Ledger } from './journal.ts';

export type Rendered = { headers: Record<string, string>; body: string };

/** What is to be other than it should: what it says, by whom it is signed, or when it was. */
export type Change = {
  fault: Extract<NotifyKind, 'wrongAmount' | 'wrongApp' | 'wrongSeller' | 'forged' | 'replayed'>;
} | null;

export type NotifierOptions = {
  ledger: Ledger;
  faults: FaultScript;
  /** The waits between the deliveries. */
  retryGapsMs: readonly number[];
  answerTimeoutMs: number;
  /** Signs afresh at every attempt; `replayed` with a timestamp older than any tolerance. */
  render(notification: Notification, change: Change): Promise<Rendered> | Rendered;
  isAcknowledged(status: number, body: string): boolean;
};

export type Notifier = {
  /** Sends a new notification, and again up the ladder until it is acknowledged. */
  start(notification: Notification): void;
  /** Takes up what was not acknowledged before a restart. */
  resume(): void;
  /** Sends once more at once, acknowledged or not. */
  resend(notification: Notification): Promise<void>;
  /** Sends anything to anyone, without entering it into the book. */
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
      setTimeout(() => void climb(notification), delayMs),
    );
  }

  /** One step of the ladder: an attempt, then the end or the next step. */
  async function climb(notification: Notification): Promise<void> {
    await attempt(notification, {});
    // After a stop, or a kill, the restarted simulator goes on from the book.
    if (notification.end || stopping.signal.aborted) return;
    const gapMs = retryGapsMs[stepsOf(notification) - 1];
    if (gapMs === undefined) end(notification, 'given_up');
    else schedule(notification, gapMs);
  }

  async function attempt(notification: Notification, extra: { isExtra?: true }): Promise<void> {
    const strike = faults.takeForNotify(notification);
    const fault = strike && { fault: strike.kind };
    if (strike?.kind === 'lost' || strike?.kind === 'lostForever') {
      enter(notification, { atMs: Date.now(), outcome: 'not_sent', ...fault, ...extra });
      if (strike.kind === 'lostForever') end(notification, 'lost');
      return;
    }
    if (strike && strike.kind !== 'replayed') await holdBack(strike);
    const rendered = await render(notification, changeOf(strike));
    const copies = strike?.kind === 'duplicate' ? [extra, { isExtra: true as const }] : [extra];
    await Promise.all(
      copies.map(async (copy) => {
        const result = await send(notification.url, rendered);
        if (stopping.signal.aborted) return;
        enter(notification, { ...result, ...fault, ...copy });
        // A resend can still succeed after it was given up; the second copy of a duplicate adds nothing.
        const isNews = notification.end !== 'acknowledged';
        if (result.outcome === 'acknowledged' && isNews) end(notification, 'acknowledged');
      }),
    );
    if (strike?.kind !== 'reordered') releaseHeldBack();
    if (strike?.kind === 'replayed') void replay(notification, strike);
  }

  async function replay(notification: Notification, strike: Strike<NotifyKind>): Promise<void> {
    await holdBack(strike);
    const rendered = await render(notification, { fault: 'replayed' });
    const result = await send(notification.url, rendered);
    if (stopping.signal.aborted) return;
    enter(notification, { ...result, fault: 'replayed', isExtra: true });
  }

  async function holdBack({ kind, delayMs }: Strike<NotifyKind>): Promise<void> {
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

  function enter(notification: Notification, attempt: Attempt): void {
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
          const gapMs = retryGapsMs[stepsOf(notification) - 1] ?? 0;
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

/** How far up the ladder it is. */
function stepsOf({ attempts }: Notification): number {
  return attempts.filter(({ isExtra }) => !isExtra).length;
}

/** A replay is first sent as it should be. */
function changeOf(strike: Strike<NotifyKind> | undefined): Change {
  switch (strike?.kind) {
    case 'wrongAmount':
    case 'wrongApp':
    case 'wrongSeller':
    case 'forged':
      return { fault: strike.kind };
    default:
      return null;
  }
}
