import { getTableColumns, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { toSnakeCase } from 'drizzle-orm/casing';
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core';

/** A column's name in the database, as drizzle's `casing: 'snake_case'` spells it. */
export function columnName({ name, keyAsName }: AnyPgColumn): string {
  return keyAsName ? toSnakeCase(name) : name;
}

/**
 * Unqualified column names, as the column lists of `insert` and the left sides of `set` need them: in ``sql`update
 * ${orders} set ${bare(orders.status)} = 'paid'` `` a renamed column is a type error.
 */
export function bare(...columns: AnyPgColumn[]): SQL {
  return sql.join(
    columns.map((column) => sql.identifier(columnName(column))),
    sql`, `,
  );
}

/** Values by the fields of a table; an unknown field is a type error. */
type Values<T extends PgTable> = { readonly [Field in keyof T['_']['columns']]?: SQL };

/**
 * An `insert … select` that pairs each value with its column, for each row of `from`. Drizzle's own needs a value for
 * every column of the table.
 * @example insertInto(events, { id: text('eventId'), createdAt: at('at') }, sql`from changed`)
 */
export function insertInto<T extends PgTable>(table: T, values: Values<T>, from: SQL): SQL {
  const pairs = pairsOf(table, values);
  const columns = bare(...pairs.map(([column]) => column));
  const selected = sql.join(
    pairs.map(([, value]) => value),
    sql`, `,
  );
  return sql`insert into ${table} (${columns}) select ${selected} ${from}`;
}

/** The assignments of an `update … set`, for statements with a CTE. */
export function assign<T extends PgTable>(table: T, values: Values<T>): SQL {
  return sql.join(
    pairsOf(table, values).map(([column, value]) => sql`${bare(column)} = ${value}`),
    sql`, `,
  );
}

function pairsOf<T extends PgTable>(table: T, values: Values<T>): [AnyPgColumn, SQL][] {
  const columns: Record<string, AnyPgColumn> = getTableColumns(table);
  return Object.entries(values as Record<string, SQL>).map(([field, value]) => [
    columns[field]!,
    value,
  ]);
}
