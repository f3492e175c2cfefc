import { fillPlaceholders } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { ClientBase, Pool } from 'pg';
import type { Database } from './database.ts';

const dialect = new PgDialect({ casing: 'snake_case' });

/** Where a statement runs: on any connection of the pool, or on one transaction's. */
export type Runner = Database | ClientBase;

/**
 * A statement in drizzle's `sql` with `sql.placeholder`s, built once and prepared on every connection under its name:
 * for frequent statements that drizzle's builders cannot express. A single statement is a transaction of its own.
 */
export function statement<Row extends object, Values extends Record<string, unknown>>(
  name: string,
  build: () => SQL,
): (runner: Runner, values: Values) => Promise<Row[]> {
  let built: { sql: string; params: unknown[] } | undefined;
  return async (runner, values) => {
    built ??= dialect.sqlToQuery(build());
    const { rows } = await clientOf(runner).query<Row>({
      name,
      text: built.sql,
      values: fillPlaceholders(built.params, values),
    });
    return rows;
  };
}

const clientOf = (runner: Runner): Pool | ClientBase =>
  '$client' in runner ? runner.$client : runner;

/**
 * A transaction of prepared statements on the caller's own connection. `settings` configure its planner. Begin and
 * commit are pipelined (`pipeline` in `db/database.ts`): `committed` settles by itself, in the order of the
 * transactions. Rejects if a statement failed; nothing is written then.
 */
export async function transact<T>(
  client: ClientBase,
  { settings }: { settings?: string },
  work: () => Promise<T>,
): Promise<{ result: T; committed: Promise<void> }> {
  const began = client.query(settings === undefined ? 'begin' : `begin; set local ${settings}`);
  began.catch(() => {});
  try {
    const result = await work();
    return { result, committed: commit(client, began) };
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function commit(client: ClientBase, began: Promise<unknown>): Promise<void> {
  const [{ command }] = await Promise.all([client.query('commit'), began]);
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
}
