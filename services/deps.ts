import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Sealer } from '../db/sealed.ts';
import type { Sender } from '../delivery/send/send.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AccountHealth } from './payments/account-health.ts';
import type { ProviderDirectory } from './payments/provider-directory.ts';

/** What services work with, made once a process. Each function picks the few that it uses. */
export type ServiceDeps = {
  db: Database;
  client: Client;
  taskQueue: string;
  sealer: Sealer;
  providers: ProviderDirectory;
  health: AccountHealth;
  sender: Sender;
  publicUrl: string;
  logger: Logger;
};
