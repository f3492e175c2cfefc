import { getTableColumns, getTableName, isTable } from 'drizzle-orm';
import { expect, test } from 'vitest';
import * as schema from '../../db/schema/index.ts';
import { sealedColumns } from '../../db/sealed-columns.ts';

test('every column whose name says that it is sealed is found by a rotation of keys', () => {
  const inSchema = Object.values(schema)
    .filter((one) => isTable(one))
    .flatMap((table) =>
      Object.keys(getTableColumns(table))
        .filter((name) => /sealed/i.test(name))
        .map((name) => `${getTableName(table)}.${name}`),
    );
  const registered = Object.values(sealedColumns).flatMap(({ table, columns }) =>
    Object.entries(getTableColumns(table))
      .filter(([, column]) => columns.includes(column))
      .map(([name]) => `${getTableName(table)}.${name}`),
  );
  expect(registered.toSorted()).toEqual(inSchema.toSorted());
  expect(inSchema.length).toBeGreaterThanOrEqual(6);
});
