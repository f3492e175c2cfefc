import { Hono } from 'hono';
import { z } from 'zod';
import { ConsoleError, createConsole, readJson } from '../kit/console.ts';
import { createFaultScript } from '../kit/faults.ts';
import { openLedger } from '../kit/journal.ts';
import { createNotifier } from '../kit/notifier.ts';
import { createPlatform } from '../kit/platform.ts';
import { serve } from '../kit/serve.ts';
import type { Simulator, SimulatorEnv, SimulatorOptions } from '../kit/serve.ts';
import { registerAccount } from './account.ts';
import { createBillService } from './bills.ts';
import { createDialect } from './dialect.ts';
import { createGateway } from './gateway.ts';
import { createPages } from './pages.tsx';
import { loadPlatformKeys } from './platform-keys.ts';
import { createRefundService } from './refunds.ts';
import { createRenderer, documentedRetryGapsMs, renderProbe } from './render.ts';

const rotationSchema = z.object({ to: z.enum(['certificate', 'publicKey', 'newCertificate']) });

/**
 * Starts a simulator of WeChat Pay's API v3 that really signs, encrypts and verifies. It shares no code with its
 * clients.
 */
export async function startWechatPaySimulator(options: SimulatorOptions): Promise<Simulator> {
  const { dataDir, publicUrl, hasSameDayStatements = false } = options;
  const { retryGapsMs = documentedRetryGapsMs, notifyDelayScale = 1 } = options;
  const ledger = openLedger(dataDir);
  const { book } = ledger;
  const keys = await loadPlatformKeys(dataDir);
  const faults = createFaultScript();
  const render = createRenderer(book, keys);
  const notifier = createNotifier({
    ledger,
    faults,
    retryGapsMs: retryGapsMs.map((gapMs) => gapMs * notifyDelayScale),
    // WeChat Pay waits five seconds for an acknowledgement.
    answerTimeoutMs: 5000,
    render,
    isAcknowledged: (status) => status === 200 || status === 204,
  });
  const dialect = createDialect(book);
  const platform = createPlatform({ ledger, notifier, dialect });
  const refunds = createRefundService(platform, faults);
  let url = '';
  const urlForPayers = () => publicUrl ?? url;
  const bills = createBillService({ book, publicUrl: () => url, hasSameDayStatements });

  const consoleRoutes = createConsole({
    ledger,
    platform,
    notifier,
    faults,
    dialect,
    unfitFaults: [],
    registerAccount: (body) => registerAccount(body, keys),
    seedMethod: 'native',
  });
  consoleRoutes.post('/rotate', async (c) => {
    const { to } = rotationSchema.parse(await readJson(c));
    return c.json({ serial: await keys.rotate(to) });
  });
  consoleRoutes.post('/probe/:outTradeNo', async (c) => {
    const { outTradeNo } = c.req.param();
    const payments = [...book.payments.values()];
    const payment = payments.find((payment) => payment.outTradeNo === outTradeNo);
    const notification = payment?.notifications.at(-1);
    if (!notification) throw new ConsoleError(404, 'the payment has no notification');
    return c.json(await notifier.send(notification.url, await renderProbe(render, notification)));
  });

  const app = new Hono<SimulatorEnv>();
  const gateway = createGateway({
    platform,
    keys,
    faults,
    refunds,
    bills,
    publicUrl: urlForPayers,
  });
  app.route('/v3', gateway);
  app.route('/console', consoleRoutes);
  app.route('/pay', createPages(platform));

  const simulator = await serve(app, options, {
    onStop: async () => {
      refunds.stop();
      await notifier.stop();
      ledger.close();
    },
  });
  ({ url } = simulator);
  notifier.resume();
  refunds.resume();
  return simulator;
}
