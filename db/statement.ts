import { fillPlaceholders } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Database } from './database.ts';

const dialect = new PgDialect({ casing: 'snake_case' });

/**
 * A statement in drizzle's `sql` with `sql.placeholder`s, built once and prepared on every connection
 * under its name: for those on the way of every order that drizzle's builders cannot say. A single
 * statement is a transaction of its own.
 */
export function statement<Row extends object, Values extends Record<string, unknown>>(
  name: string,
  build: () => SQL,
): (db: Database, values: Values) => Promise<Row[]> {
  let built: { sql: string; params: unknown[] } | undefined;
  return async (db, values) => {
    built ??= dialect.sqlToQuery(build());
    const { rows } = await db.$client.query<Row>({
      name,
      text: built.sql,
      values: fillPlaceholders(built.params, values),
    });
    return rows;
  };
}
