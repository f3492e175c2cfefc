import type { Database } from './database.ts';

export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** What a query can run on: the pool, or the transaction it is part of. */
export type Queryable = Database | Transaction;
