import type { Client } from '@temporalio/client';
import type { Context } from 'hono';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AccountHealth } from '../services/payments/account-health.ts';
import type { ProviderDirectory } from '../services/payments/provider-directory.ts';
import type { Limits } from '../config/limits.ts';
import type { Changes } from '../db/changes.ts';
import type { FeedChanges } from '../db/feed-changes.ts';
import type { Database } from '../db/database.ts';
import type { Transaction } from '../db/transaction.ts';
import type { Merchant } from '../db/queries/merchants.ts';
import type { Sealer } from '../db/sealed.ts';
import type { Sender } from '../delivery/send/send.ts';
import type { Cursors } from './events/cursors.ts';
import type { StoredResponse } from './stored-response.ts';
import type { KeyWatch, WatchedKey } from './key-watch.ts';
import type { Rate } from './limits/rate.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { WorkerThreads } from './worker-threads/worker-threads.ts';

/** The dependencies of all routes, created once per process. */
export type ApiDeps = {
  db: Database;
  sealer: Sealer;
  sender: Sender;
  changes: Changes;
  feed: FeedChanges;
  cursors: Cursors;
  client: Client;
  taskQueue: string;
  /** True if a worker shares the client's connection, which allows eager workflow starts. */
  isShared: boolean;
  providers: ProviderDirectory;
  health: AccountHealth;
  /** For work whose cost a merchant controls. */
  threads: WorkerThreads;
  publicUrl: string;
  allowPrivateTargets: boolean;
  limits: Limits;
  /** Limits switches of the payment method per order. */
  switches: Rate;
  /** The address for the limits of requests without a key. */
  addressOf: (c: Context) => string;
  /** Notifies open streams and waits when their API key ends. */
  keys: KeyWatch;
  /** Aborts at a stop: the process reports not ready, and waiting requests are answered. */
  stopping: AbortSignal;
  logger: Logger;
};

export type AppEnv = {
  Variables: {
    requestId: string;
    merchant: Merchant;
    /** The API key of the request. */
    apiKey: WatchedKey;
    /** Created at the first call; see `middleware/hold-requests.ts`. */
    endOfWait: () => AbortSignal;
    /** Stores the response to a request with an Idempotency-Key; false if another attempt has the key. */
    storeResponse?: (db: Database | Transaction, answer: StoredResponse) => Promise<boolean>;
  };
};
export type App = OpenAPIHono<AppEnv>;
