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

/** A transaction of prepared statements. `settings` are for its planner alone. */
export async function transact<T>(
  db: Database,
  { settings }: { settings: string },
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const client = await db.$client.connect();
  let failure: Error | undefined;
  try {
    // One round trip for both.
    await client.query(`begin; set local ${settings}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    // A connection that failed in the middle is not given to anybody else.
    client.release(failure);
  }
}
