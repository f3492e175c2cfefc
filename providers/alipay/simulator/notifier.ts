import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyObject } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Attempt, Notification, NotificationEnd } from './book.ts';
import type { FaultScript, NotifyKind, Strike } from './faults.ts';
import type { Ledger } from './journal.ts';
import { keyOf } from './rules.ts';
import { signRsa2, signedText } from './signing.ts';

const minuteMs = 60_000;

/** Eight deliveries within 25 hours. https://opendocs.alipay.com/open/194/103296 */
export const documentedRetryGapsMs: readonly number[] = [4, 10, 10, 60, 120, 360, 900].map(
  (minutes) => minutes * minuteMs,
);

const answerTimeoutMs = 10_000;

export type NotifierOptions = {
  ledger: Ledger;
  faults: FaultScript;
  platformKey: KeyObject;
  retryGapsMs: readonly number[];
};

export type Notifier = {
  /** Sends a new notification, and again up the ladder until it is acknowledged. */
  start(notification: Notification): void;
  /** Takes up what was not acknowledged before a restart. */
  resume(): void;
  /** Sends once more at once, acknowledged or not. */
  resend(notification: Notification): Promise<void>;
  stop(): Promise<void>;
};

export function createNotifier({
  ledger,
  faults,
  platformKey,
  retryGapsMs,
}: NotifierOptions): Notifier {
  const agent = new Agent({
    connections: 32,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const timers = new Map<Notification, NodeJS.Timeout>();
  const bodies = new Map<Notification, string>();
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
    const strike = faults.takeForNotify(notification.outTradeNo);
    const fault = strike && { fault: strike.kind };
    if (strike?.kind === 'lost' || strike?.kind === 'lostForever') {
      enter(notification, { atMs: Date.now(), outcome: 'not_sent', ...fault, ...extra });
      if (strike.kind === 'lostForever') end(notification, 'lost');
      return;
    }
    if (strike) await holdBack(strike);
    const body = await bodyOf(notification, strike?.kind);
    const copies = strike?.kind === 'duplicate' ? [extra, { isExtra: true as const }] : [extra];
    await Promise.all(
      copies.map(async (copy) => {
        const result = await send(notification.url, body);
        if (stopping.signal.aborted) return;
        enter(notification, { ...result, ...fault, ...copy });
        // A resend can still succeed after it was given up; the second copy of a duplicate adds nothing.
        const isNews = notification.end !== 'acknowledged';
        if (result.outcome === 'acknowledged' && isNews) end(notification, 'acknowledged');
      }),
    );
    if (strike?.kind !== 'reordered') releaseHeldBack();
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

  async function bodyOf(
    notification: Notification,
    fault: NotifyKind | undefined,
  ): Promise<string> {
    const kept = bodies.get(notification);
    const changed = changeOf(fault);
    if (kept && !changed && fault !== 'forged') return kept;
    const fields = { ...notification.fields, ...changed };
    const signature = await signRsa2(
      signedText(Object.entries(fields), { withSignType: false }),
      platformKey,
    );
    const sign = fault === 'forged' ? forgedSignature(signature) : signature;
    const body = new URLSearchParams({ ...fields, sign }).toString();
    if (!changed && fault !== 'forged') bodies.set(notification, body);
    return body;
  }

  async function send(url: string, body: string): Promise<Attempt> {
    const atMs = Date.now();
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body,
      });
      const answer = (await response.body.text()).slice(0, 200);
      const outcome =
        response.statusCode === 200 && answer === 'success' ? 'acknowledged' : 'refused';
      return { atMs, outcome, httpStatus: response.statusCode, answer };
    } catch (error) {
      return { atMs, outcome: 'unreachable', answer: String(error).slice(0, 200) };
    }
  }

  function enter(notification: Notification, attempt: Attempt): void {
    const { notifyId } = notification;
    ledger.record([{ type: 'notificationAttempted', ...keyOf(notification), notifyId, attempt }]);
  }

  function end(notification: Notification, end: NotificationEnd): void {
    const { notifyId } = notification;
    ledger.record([{ type: 'notificationEnded', ...keyOf(notification), notifyId, end }]);
    clearTimeout(timers.get(notification));
    timers.delete(notification);
    bodies.delete(notification);
  }

  return {
    start: (notification) => schedule(notification, 0),
    resume() {
      for (const trade of ledger.book.trades.values()) {
        for (const notification of trade.notifications.filter(({ end }) => !end)) {
          const lastAtMs = notification.attempts.at(-1)?.atMs ?? 0;
          const gapMs = retryGapsMs[stepsOf(notification) - 1] ?? 0;
          schedule(notification, Math.max(lastAtMs + gapMs - Date.now(), 0));
        }
      }
    },
    resend: (notification) => attempt(notification, { isExtra: true }),
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await agent.destroy();
    },
  };
}

/** How far up the ladder it is: eight steps at most. */
function stepsOf({ attempts }: Notification): number {
  return attempts.filter(({ isExtra }) => !isExtra).length;
}

function changeOf(fault: NotifyKind | undefined): Record<string, string> | undefined {
  switch (fault) {
    case 'wrongAmount':
      return { total_amount: '0.01', receipt_amount: '0.01' };
    case 'wrongApp':
      return { app_id: '2021000000000000', auth_app_id: '2021000000000000' };
    case 'wrongSeller':
      return { seller_id: '2088000000000000' };
    default:
      return undefined;
  }
}

function forgedSignature(signature: string): string {
  return Buffer.from(signature, 'base64').reverse().toString('base64');
}
