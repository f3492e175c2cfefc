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
import { createBillDesk } from './bills.ts';
import { createCashierDoor, returnAddressOf } from './cashier.ts';
import { createDialect } from './dialect.ts';
import { createGateway } from './gateway.ts';
import { createPages } from './pages.tsx';
import { documentedRetryGapsMs, renderNotification } from './render.ts';
import { loadPlatformKey, publicPem } from './signing.ts';
import { beginTrade } from './trades.ts';

/** A stand-in for Alipay's open platform that really signs and verifies. It knows nothing of its clients. */
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
  const bills = createBillDesk({ book, url: () => url, hasSameDayStatements });
  app.post('/gateway.do', createGateway({ platform, faults, platformKey, bills, publicUrl }));
  app.get('/gateway.do', createCashierDoor({ platform, publicUrl }));
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
      platform: atConsole(platform),
      notifier,
      faults,
      dialect,
      // Alipay decides a refund at once, and never takes it back.
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

/** There the payer has scanned what Alipay closes: what was not is no trade that could be closed. */
function atConsole(platform: Platform): Platform {
  return {
    ...platform,
    close(payment) {
      beginTrade(platform, payment);
      return platform.close(payment);
    },
  };
}
