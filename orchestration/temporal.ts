import type { Client } from '@temporalio/client';

/** The client that starts and signals workflows, and the task queue that the workers poll. */
export type Temporal = { client: Client; taskQueue: string };
