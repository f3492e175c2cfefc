import { fillPlaceholders } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { ClientBase, Pool } from 'pg';
import type { Database } from './database.ts';

const dialect = new PgDialect({ casing: 'snake_case' });

/** Where a statement runs: on any connection, or on the one of a transaction. */
export type Runner = Database | ClientBase;

/**
 * A statement in drizzle's `sql` with `sql.placeholder`s, built once and prepared on every connection
 * under its name: for those on the way of every order or event that drizzle's builders cannot say. A
 * single statement is a transaction of its own.
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
 * A transaction of prepared statements on a connection of the caller's own. `settings` are for its planner
 * alone. Neither its beginning nor its end waits for an answer before the next is sent (`pipeline` in
 * `db/database.ts`): `committed` settles by itself, in the order of the transactions. Rejected where a
 * statement failed; then nothing of it was written.
 */
export async function transact<T>(
  client: ClientBase,
  { settings }: { settings?: string },
  work: () => Promise<T>,
): Promise<{ result: T; committed: Promise<void> }> {
  const begun = client.query(settings === undefined ? 'begin' : `begin; set local ${settings}`);
  begun.catch(() => {});
  try {
    const result = await work();
    return { result, committed: commit(client, begun) };
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function commit(client: ClientBase, begun: Promise<unknown>): Promise<void> {
  const [{ command }] = await Promise.all([client.query('commit'), begun]);
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
}
