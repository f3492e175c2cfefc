import { Hono } from 'hono';
import { createConsole } from '../kit/console.ts';
import { createFaultScript } from '../kit/faults.ts';
import { openLedger } from '../kit/journal.ts';
import { createNotifier } from '../kit/notifier.ts';
import { createPlatform } from '../kit/platform.ts';
import type { Platform } from '../kit/platform.ts';
import { serve } from '../kit/serve.ts';
import type { Simulator, SimulatorEnv, SimulatorOptions } from '../kit/serve.ts';
import { registerAccount } from './account.ts';
import { createBillService } from './bills.ts';
import { createCashierRedirect, returnAddressOf } from './cashier.ts';
import { createDialect } from './dialect.ts';
import { createGateway } from './gateway.ts';
import { createPages } from './pages.tsx';
import { documentedRetryGapsMs, renderNotification } from './render.ts';
import { loadPlatformKey, publicPem } from './signing.ts';
import { beginTrade } from './trades.ts';

/** Starts a simulator of Alipay's open platform that really signs and verifies. It shares no code with its clients. */
export async function startAlipaySimulator(options: SimulatorOptions): Promise<Simulator> {
  const { dataDir, hasSameDayStatements = false } = options;
  const { retryGapsMs = documentedRetryGapsMs, notifyDelayScale = 1 } = options;
  const ledger = openLedger(dataDir);
  const { book } = ledger;
  const platformKey = await loadPlatformKey(dataDir);
  const platformPublicKey = publicPem(platformKey);
  const faults = createFaultScript();
  const notifier = createNotifier({
    ledger,
    faults,
    retryGapsMs: retryGapsMs.map((gapMs) => gapMs * notifyDelayScale),
    answerTimeoutMs: 10_000,
    render: (notification, change) => renderNotification(notification, change, platformKey),
    isAcknowledged: (status, body) => status === 200 && body === 'success',
  });
  const dialect = createDialect(book);
  const platform = createPlatform({ ledger, notifier, dialect });

  const app = new Hono<SimulatorEnv>();
  let url = '';
  const publicUrl = () => options.publicUrl ?? url;
  const bills = createBillService({ book, url: () => url, hasSameDayStatements });
  app.post('/gateway.do', createGateway({ platform, faults, platformKey, bills, publicUrl }));
  app.get('/gateway.do', createCashierRedirect({ platform, publicUrl }));
  app.get('/bills/:token', (c) => {
    const zip = bills.download(c.req.param('token'));
    return zip ? c.body(new Uint8Array(zip), 200) : c.text('', 404);
  });
  const pages = createPages({
    platform,
    returnAddressOf: (payment) => returnAddressOf(payment, { platform, platformKey }),
  });
  app.route('/qr', pages);
  app.route('/cashier', pages);
  app.route(
    '/console',
    createConsole({
      ledger,
      platform: forConsole(platform),
      notifier,
      faults,
      dialect,
      // Alipay decides a refund at once, and it never bounces.
      unfitFaults: ['bounce'],
      registerAccount: (body) => registerAccount(body, platformPublicKey),
      seedMethod: 'precreate',
    }),
  );

  const simulator = await serve(app, options, {
    async onStop() {
      await notifier.stop();
      ledger.close();
    },
  });
  ({ url } = simulator);
  notifier.resume();
  return simulator;
}

/**
 * The platform for the console, whose close counts as scanned: Alipay can close only a trade that the payer has
 * scanned.
 */
function forConsole(platform: Platform): Platform {
  return {
    ...platform,
    close(payment) {
      beginTrade(platform, payment);
      return platform.close(payment);
    },
  };
}
