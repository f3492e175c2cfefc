import type { Client } from '@temporalio/client';

/** What starts and signals workflows, and the task queue that their workers poll. */
export type Temporal = { client: Client; taskQueue: string };
