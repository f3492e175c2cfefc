import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { createConsole } from './console.ts';
import { createFaultScript } from './faults.ts';
import { createGateway } from './gateway.ts';
import { openLedger } from './journal.ts';
import { createNotifier, documentedRetryGapsMs } from './notifier.ts';
import { createPages } from './pages.tsx';
import { createPlatform } from './platform.ts';
import { loadPlatformKey, publicPem } from './signing.ts';

export type AlipaySimulatorOptions = {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where the book and the platform's key are kept; without it both end with the process. */
  dataDir?: string;
  /** What the payer's telephone can reach; the simulator's own address unless given. */
  publicUrl?: string;
  /** The waits between the deliveries of a notification; Alipay's own ladder unless given. */
  retryGapsMs?: readonly number[];
  /** Multiplies those waits. */
  notifyDelayScale?: number;
};

export type AlipaySimulator = { url: string; port: number; stop(): Promise<void> };

/** A stand-in for Alipay's open platform that really signs and verifies. It knows nothing of its clients. */
export async function startAlipaySimulator(
  options: AlipaySimulatorOptions,
): Promise<AlipaySimulator> {
  const { port, host = '127.0.0.1', dataDir, publicUrl } = options;
  const { retryGapsMs = documentedRetryGapsMs, notifyDelayScale = 1 } = options;
  const ledger = openLedger(dataDir);
  const platformKey = await loadPlatformKey(dataDir);
  const faults = createFaultScript();
  const scaledGapsMs = retryGapsMs.map((gapMs) => gapMs * notifyDelayScale);
  const notifier = createNotifier({ ledger, faults, platformKey, retryGapsMs: scaledGapsMs });
  const platform = createPlatform(ledger, notifier);
  const platformPublicKey = publicPem(platformKey);

  const app = new Hono<{ Bindings: HttpBindings }>();
  let url = '';
  const urlForPayers = () => publicUrl ?? url;
  app.post(
    '/gateway.do',
    createGateway({ book: ledger.book, platform, faults, platformKey, publicUrl: urlForPayers }),
  );
  app.route('/console', createConsole({ ledger, platform, notifier, faults, platformPublicKey }));
  app.route('/qr', createPages(platform));

  const listener = getRequestListener(app.fetch);
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void listener(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const boundPort = portOf(server);
  url = `http://${host}:${boundPort}`;
  notifier.resume();

  return {
    url,
    port: boundPort,
    async stop() {
      const isClosed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await isClosed;
      await notifier.stop();
      ledger.close();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (!address || typeof address === 'string')
    throw new Error('the simulator listens on no TCP port');
  return address.port;
}
