import type { Client } from '@temporalio/client';
import type { Database } from '../db/database.ts';
import type { Sealer } from '../db/sealed.ts';
import type { Sender } from '../delivery/send/send.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AccountHealth } from './payments/account-health.ts';
import type { ProviderDirectory } from './payments/provider-directory.ts';

/** The dependencies of services, created once per process. Each function picks those it uses. */
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
