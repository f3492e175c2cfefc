import { Hono } from 'hono';
import { createConsole } from '../kit/console.ts';
import { createFaultScript } from '../kit/faults.ts';
import { openLedger } from '../kit/journal.ts';
import { createNotifier } from '../kit/notifier.ts';
import { createPlatform } from '../kit/platform.ts';
import type { Dialect } from '../kit/platform.ts';
import { serve } from '../kit/serve.ts';
import type { Simulator, SimulatorEnv, SimulatorOptions } from '../kit/serve.ts';
import { notificationsTo } from './events.ts';
import { createGateway } from './gateway.ts';
import { openKeyStore } from './idempotency.ts';
import { newId } from './ids.ts';
import { createPages } from './pages.tsx';
import { createPortal, registerAccount } from './portal.ts';
import { renderEvent } from './signing.ts';

export type StripeSimulatorOptions = SimulatorOptions & {
  /** The delay of the search by metadata; at Stripe up to a minute, and up to an hour during incidents. */
  searchDelayMs?: number;
};

const minuteMs = 60_000;

/**
 * Stripe documents only up to three days with exponential back-off (https://docs.stripe.com/webhooks#retries); these
 * steps are our own and add up to 69 hours.
 */
const retryScheduleMs: readonly number[] = [1, 5, 30, 120, 300, 600, 720, 720, 720, 960].map(
  (minutes) => minutes * minuteMs,
);

/**
 * Starts a simulator of Stripe that really signs events and stores idempotency keys. It shares no code with its
 * clients.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<Simulator> {
  const {
    dataDir,
    retryGapsMs = retryScheduleMs,
    notifyDelayScale = 1,
    searchDelayMs = 0,
  } = options;
  const { hasSameDayStatements: sameDayStatements = false } = options;
  const ledger = openLedger(dataDir);
  const keys = openKeyStore(dataDir);
  const faults = createFaultScript();
  const accountOf = ({ account }: { account: string }) => ledger.book.accounts.get(account);
  const notifier = createNotifier({
    ledger,
    faults,
    retryGapsMs: retryGapsMs.map((gapMs) => gapMs * notifyDelayScale),
    answerTimeoutMs: 10_000,
    render: (notification, change) => renderEvent(accountOf(notification), notification, change),
    isAcknowledged: (status) => status >= 200 && status < 300,
  });
  const dialect: Dialect = {
    newTradeNo: () => newId('pi_3', 22),
    newProviderRefundNo: () => newId('re_3', 22),
    newDisputeNo: () => newId('dp_1', 22),
    canBounceSettled: true,
    notificationsOf: (platformEvent) =>
      notificationsTo(accountOf(platformEvent.payment), platformEvent),
  };
  const platform = createPlatform({ ledger, notifier, dialect });

  const app = new Hono<SimulatorEnv>();
  let url = '';
  const publicUrl = () => options.publicUrl ?? url;
  const timers = new Set<NodeJS.Timeout>();
  const later = (delayMs: number, act: () => void) => void timers.add(setTimeout(act, delayMs));
  app.all('/v1/*', createGateway({ platform, faults, keys, publicUrl, later, searchDelayMs }));
  app.route('/console', createPortal(ledger, platform));
  app.route(
    '/console',
    createConsole({
      ledger,
      platform,
      notifier,
      faults,
      dialect,
      unfitFaults: ['unsigned', 'badSignature'],
      registerAccount: (body) => registerAccount(body, { sameDayStatements }),
      seedMethod: 'payment_intent',
    }),
  );
  app.route('/', createPages(platform));

  const simulator = await serve(app, options, {
    async onStop() {
      for (const timer of timers) clearTimeout(timer);
      await notifier.stop();
      keys.close();
      ledger.close();
    },
  });
  url = simulator.url;
  notifier.resume();
  return simulator;
}
