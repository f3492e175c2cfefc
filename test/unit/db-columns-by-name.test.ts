import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rooms as houseRooms } from '../../lint/rooms.mjs';
import { wholeRowsIn } from '../support/whole-rows.ts';

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const rooms = Object.keys(houseRooms).filter((room) => room !== 'simulators');

const filesWithSql = rooms.flatMap((room) =>
  readdirSync(join(projectFolder, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:tsx?|sql)$/.test(file))
    .map((file) => join(room, file)),
);

test('every statement names the columns that it reads and writes', () => {
  expect(filesWithSql.length).toBeGreaterThan(200);
  const found = filesWithSql.flatMap((file) =>
    wholeRowsIn(readFileSync(join(projectFolder, file), 'utf8')).map((told) => `${file}: ${told}`),
  );
  expect(found).toEqual([]);
});

describe('a statement takes whole rows with', () => {
  test.each([
    'select * from orders',
    'select distinct * from orders',
    'select id, * from orders',
    'sql`select ours.failing, found.* from ours`',
    'sql`select ${orders}.* from ${orders}`',
    'insert into orders select 1, 2',
    'insert into ${orders} values (1)',
    'insert into ${table} select id from jsonb_populate_recordset(null::${table}, $1)',
    'update orders set id = 1 returning *',
    'if (old.*) is distinct from (new.*) then',
    'when (OLD IS DISTINCT FROM NEW)',
    'select to_jsonb(new)',
    'declare row orders%rowtype;',
  ])('%s', (sql) => {
    expect(wholeRowsIn(sql)).not.toEqual([]);
  });
});

describe('a statement names its columns with', () => {
  test.each([
    'select count(*) from orders',
    'insert into orders (id) select id from pending',
    'insert into ${orders} (id, status) values (1, 2)',
    'select a * b from c',
    '-- select * from orders\nselect id from orders',
    'when (old.version is distinct from new.version)',
    "const pattern = /a.*b/; const glob = 'order.*';",
  ])('%s', (sql) => {
    expect(wholeRowsIn(sql)).toEqual([]);
  });
});
