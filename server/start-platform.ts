import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHandledRuns } from '../services/recovery/handled-runs.ts';
import { createDeliveryRuns } from '../services/notifications/delivery-runs.ts';
import { createAccountHealth } from '../services/payments/account-health.ts';
import { createProviderDirectory } from '../services/payments/provider-directory.ts';
import { createCursors, lookForCuts } from '../api/events/cursors.ts';
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

/** Of the time for a stop, what requests under way may take; the workers come after them. */
const shareOfRequests = 1 / 3;

export type Platform = {
  /** Where the API listens; undefined without the API. */
  port: number | undefined;
  /**
   * Lets what is under way finish, within one deadline: not ready any more, then what waits is answered, then the door,
   * the workers, the connections.
   */
  stop(): Promise<void>;
};

/** Starts the API, a worker, or both on one connection, in this process. Returns when they serve. */
export async function startPlatform(input: {
  config: Config;
  logger: Logger;
  hasApi: boolean;
  hasWorker: boolean;
}): Promise<Platform> {
  const { config, logger, hasApi, hasWorker } = input;
  const stopping = new AbortController();
  const draining = new AbortController();
  // Every stream and every round that waits listens to them: many are no leak.
  setMaxListeners(0, stopping.signal, draining.signal);
  if (config.dnsServers) useNameServers(config.dnsServers);
  await migrateDatabase(config.database);
  const { db, close: closeDatabase } = openDatabase({
    ...config.database,
    onError: (error) => logger.warn({ err: error }, 'an idle database connection broke'),
  });
  const sealer = createSealer(config.secretKeys);
  // Seen by a rotation of keys before its keys are checked: whoever passed the check is seen.
  const changes = await openChanges({ ...config.database, keyIds: sealer.keyIds });
  const verdict = await checkSecretKeys({ db, sealer });
  if (verdict.kind === 'wrong') throw new Error(`TENDER_SECRET_KEYS: ${verdict.detail}`);
  await lookForCuts({ db, logger });
  const temporal = await connectClient({ config, logger, signal: stopping.signal, hasWorker });
  const traffic = countTraffic({
    db,
    onError: (error) => logger.warn({ err: error }, 'the figures of endpoints were not written'),
  });
  const sender = createSender({
    allowPrivate: config.allowPrivateTargets,
    onError: (error) =>
      logger.error({ event: 'brokers.thread_ended', err: error }, 'the brokers’ thread ended'),
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
      most: config.limits.switchesPerMinutePerOrder,
      perSeconds: 60,
    }),
    attempt: createAttempter({ sender, sealer, onSent: traffic.onSent }),
    traffic,
    runs: createDeliveryRuns(),
    handledRuns: createHandledRuns(),
    onEvents: (shard: number, listener: (news: EventNews) => void) => {
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
      // Balancers look every few seconds: until they have seen that this one is not ready, they send it requests.
      if (server) await sleep(drainMs);
      const endsMs = Date.now() + withinMs;
      // Each is bounded by what is left: a process that was asked to end ends.
      const step = (work: Promise<unknown> | undefined, what: string) =>
        within(Promise.resolve(work), { timeoutMs: Math.max(0, endsMs - Date.now()), what }).catch(
          (error: unknown) => logger.warn({ err: error }, 'stopping goes on without it'),
        );
      await step(server?.close({ withinMs: withinMs * shareOfRequests }), 'the API to close');
      stopping.abort();
      await step(working, 'the workers to end');
      await step(Promise.all([health.flush(), sender.close(), changes.close()]), 'connections');
      await step(temporal.close(), 'Temporal’s connection');
      await step(traffic.close(), 'the last figures');
      await step(closeDatabase(), 'the database’s connections');
    },
  };
}
