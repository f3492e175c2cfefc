import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHandledRuns } from '../services/recovery/handled-runs.ts';
import { createDeliveryRuns } from '../services/notifications/delivery-runs.ts';
import { createAccountHealth } from '../services/payments/account-health.ts';
import { createProviderDirectory } from '../services/payments/provider-directory.ts';
import { createCursors, detectFeedCuts } from '../api/events/cursors.ts';
import { createKeyWatch } from '../api/key-watch.ts';
import { createAddressOf } from '../api/limits/address.ts';
import { createRate } from '../api/limits/rate.ts';
import type { Config } from '../config/config.ts';
import { openChanges } from '../db/changes.ts';
import { createFeedChanges } from '../db/feed-changes.ts';
import { openDatabase } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { checkSecretKeys } from '../db/queries/check-secret-keys.ts';
import { createSealer } from '../db/sealed.ts';
import { within } from '../outbound/within.ts';
import { useNameServers } from '../outbound/name-servers.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createAttempter } from '../delivery/send/attempt.ts';
import type { EventNews } from '../delivery/relay/relay.ts';
import { countTraffic } from '../delivery/queue/traffic.ts';
import { createSender } from '../delivery/send/send.ts';
import { ensureSearchAttributes } from '../worker/ensure-search-attributes.ts';
import { runWorker } from '../worker/run-worker.ts';
import { connectClient } from './connect-client.ts';
import { serveApi } from './serve-api.ts';

/** The share of the stop deadline that open requests may use; the workers stop after them. */
const shareOfRequests = 1 / 3;

export type Platform = {
  /** The API's port; undefined without the API. */
  port: number | undefined;
  /**
   * Stops in order, within one deadline: readiness, waiting requests, the HTTP server, the workers, the connections.
   */
  stop(): Promise<void>;
};

/** Starts the API, a worker, or both on one Temporal connection in this process. Resolves when they serve. */
export async function startPlatform(input: {
  config: Config;
  logger: Logger;
  hasApi: boolean;
  hasWorker: boolean;
}): Promise<Platform> {
  const { config, logger, hasApi, hasWorker } = input;
  const stopping = new AbortController();
  const draining = new AbortController();
  // Every stream and delivery run listens to these signals, so many listeners are no leak.
  setMaxListeners(0, stopping.signal, draining.signal);
  if (config.dnsServers) useNameServers(config.dnsServers);
  await migrateDatabase(config.database);
  const { db, close: closeDatabase } = openDatabase({
    ...config.database,
    onError: (error) => logger.warn({ err: error }, 'an idle database connection failed'),
  });
  const sealer = createSealer(config.secretKeys);
  // Reported before the check, so that a key rotation sees every process that passed it.
  const changes = await openChanges({ ...config.database, keyIds: sealer.keyIds });
  const verdict = await checkSecretKeys({ db, sealer });
  if (verdict.kind === 'wrong') throw new Error(`TENDER_SECRET_KEYS: ${verdict.detail}`);
  await detectFeedCuts({ db, logger });
  const temporal = await connectClient({ config, logger, signal: stopping.signal, hasWorker });
  const traffic = countTraffic({
    db,
    onError: (error) =>
      logger.warn({ err: error }, 'the traffic statistics of endpoints were not written'),
  });
  const sender = createSender({
    allowPrivate: config.allowPrivateTargets,
    onError: (error) =>
      logger.error({ event: 'brokers.thread_ended', err: error }, 'the broker thread ended'),
  });
  const health = createAccountHealth({ db, logger });
  const deps = {
    db,
    changes,
    sealer,
    sender,
    health,
    logger,
    feed: createFeedChanges({ db, changes }),
    keys: createKeyWatch({ db, changes, logger }),
    cursors: createCursors({ db, logger }),
    client: temporal.client,
    taskQueue: config.temporal.taskQueue,
    providers: createProviderDirectory({ db, sealer }),
    publicUrl: config.http.publicUrl,
    isShared: hasWorker,
    allowPrivateTargets: config.allowPrivateTargets,
    limits: config.limits,
    addressOf: createAddressOf(config),
    switches: createRate({
      name: 'switchesPerMinutePerOrder',
      what: 'switches of one order in a minute',
      max: config.limits.switchesPerMinutePerOrder,
      perSeconds: 60,
    }),
    attempt: createAttempter({ sender, sealer, onSent: traffic.onSent }),
    traffic,
    runs: createDeliveryRuns(),
    handledRuns: createHandledRuns(),
    onEvents: (shard: number, listener: (notice: EventNews) => void) => {
      const stops = [
        changes.subscribe('tender_events', String(shard), () => listener('written')),
        changes.subscribe('tender_feed', String(shard), () => listener('numbered')),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    stopping: stopping.signal,
  };

  const server = hasApi
    ? await serveApi({ ...deps, stopping: draining.signal }, config.http)
    : undefined;
  let working: Promise<void> | undefined;
  if (temporal.native) {
    const { native: connection } = temporal;
    await ensureSearchAttributes({ connection, config, logger });
    await new Promise<void>((onReady) => {
      working = runWorker({ connection, config, deps, onReady }).finally(onReady);
    });
  }
  return {
    port: server?.port,
    stop: async () => {
      const { drainMs, withinMs } = config.stop;
      draining.abort();
      // Load balancers check every few seconds and send requests until they see that this process is not ready.
      if (server) await sleep(drainMs);
      const endsMs = Date.now() + withinMs;
      // Each step is bounded by the remaining time, so that the process always exits.
      const step = (work: Promise<unknown> | undefined, what: string) =>
        within(Promise.resolve(work), { timeoutMs: Math.max(0, endsMs - Date.now()), what }).catch(
          (error: unknown) =>
            logger.warn({ err: error }, 'a shutdown step failed; the shutdown continues'),
        );
      await step(server?.close({ withinMs: withinMs * shareOfRequests }), 'the API server');
      stopping.abort();
      await step(working, 'the workers');
      await step(Promise.all([health.flush(), sender.close(), changes.close()]), 'connections');
      await step(temporal.close(), 'the Temporal connection');
      await step(traffic.close(), 'the last traffic statistics');
      await step(closeDatabase(), 'the database connections');
    },
  };
}
