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
import type { KeptAnswer } from './kept-answer.ts';
import type { KeyWatch, WatchedKey } from './key-watch.ts';
import type { Rate } from './limits/rate.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { WorkerThreads } from './worker-threads/worker-threads.ts';

/** All that routes work with. Made once a process. */
export type ApiDeps = {
  db: Database;
  sealer: Sealer;
  sender: Sender;
  changes: Changes;
  feed: FeedChanges;
  cursors: Cursors;
  client: Client;
  taskQueue: string;
  /** True when a worker stands on the client's own connection, so that starts can be eager. */
  isShared: boolean;
  providers: ProviderDirectory;
  health: AccountHealth;
  /** For what a merchant may make arbitrarily dear. */
  threads: WorkerThreads;
  publicUrl: string;
  allowPrivateTargets: boolean;
  limits: Limits;
  /** An order's switches of its method, by whoever asks. */
  switches: Rate;
  /** Whom a request without a key is counted for. */
  addressOf: (c: Context) => string;
  /** Tells what is held open that its key has ended. */
  keys: KeyWatch;
  /** Aborted when the process is asked to stop: it is not ready any more, and what waits is answered. */
  stopping: AbortSignal;
  logger: Logger;
};

export type AppEnv = {
  Variables: {
    requestId: string;
    merchant: Merchant;
    /** The key that the request came with. */
    apiKey: WatchedKey;
    /** Made at the first call; see `middleware/hold-requests.ts`. */
    endOfWait: () => AbortSignal;
    /** Keeps the answer to a request with an Idempotency-Key; false where another attempt has the key. */
    keepAnswer?: (db: Database | Transaction, answer: KeptAnswer) => Promise<boolean>;
  };
};
export type App = OpenAPIHono<AppEnv>;
