import { splitStatements } from './split-statements.ts';

type Rule = { matches: RegExp; because: string };

const forbids = 'an old process may write what it forbids';

/** Statements that no migration may contain while processes of the last release run, and why. */
const refused: readonly Rule[] = [
  {
    matches: /^drop table |^truncate |^delete from /,
    because: 'an old process still reads and writes it',
  },
  { matches: /^drop /, because: 'an old process may still need it' },
  // No statement names an index.
  { matches: /^alter (?!index ).* rename /, because: 'an old process knows the old name only' },
  {
    matches: /^create or replace /,
    because: 'an old process relies on the old one: give the new one another name',
  },
];

/** Refused only on existing tables: no old process knows a table that the same migration creates. */
const refusedOnKnownTables: readonly Rule[] = [
  {
    matches: /^alter table .* drop (?:default|constraint|not null)\b/,
    because: 'an old process may rely on it',
  },
  { matches: /^alter table .* drop /, because: 'an old process still reads and writes it' },
  {
    matches: /^alter table .* alter (?:column )?\w+ (?:set data )?type /,
    because: 'the prepared statements of an old process return the old type',
  },
  { matches: /^alter table .* set not null\b/, because: 'an old process may still write null' },
  {
    matches:
      /^alter table .*\badd (?:column )?(?=[^,]* not null\b)(?![^,]* (?:default|generated) )/,
    because: 'an old process inserts rows without it: give it a default, or let it be null',
  },
  {
    matches:
      /^alter table .* (?:add constraint|unique|primary key|foreign key|references|check|exclude)\b/,
    because: forbids,
  },
  { matches: /^create unique index /, because: forbids },
];

/** Statements that are safe for a process that does not know of them. Others may be safe, but nobody has checked. */
const safe: readonly RegExp[] = [
  /^create (?:unlogged )?table /,
  /^create (?:unique )?index /,
  /^alter index \S+ rename to \S+$/,
  /^create (?:function|view|sequence|type|(?:constraint )?trigger) /,
  /^alter table (?:if exists )?(?:only )?\S+ (?:(?:add (?:column )?[^,]+|alter (?:column )?\w+ set default [^,]+)(?:, |$))+$/,
  /^insert into /,
  /^update /,
  /^comment on /,
  /^set local /,
];

/** The statements of a migration that could break a process of the last release, each with the reason. */
export function incompatibleStatements(sql: string): string[] {
  const statements = splitStatements(sql);
  const created = new Set(statements.map(createdTable).filter((name) => name !== undefined));
  return statements.flatMap((statement) => {
    const because = reasonAgainst(statement, created);
    return because === undefined ? [] : [`${shorten(statement)}: ${because}`];
  });
}

function reasonAgainst(statement: string, created: ReadonlySet<string>): string | undefined {
  const always = refused.find(({ matches }) => matches.test(statement));
  if (always) return always.because;
  const known = changedTable(statement);
  if (known !== undefined && created.has(known)) return undefined;
  const onKnownTable = refusedOnKnownTables.find(({ matches }) => matches.test(statement));
  if (onKnownTable) return onKnownTable.because;
  if (safe.some((matches) => matches.test(statement))) return undefined;
  return 'it is not known to be safe for an old process';
}

const createdTable = (statement: string) =>
  /^create (?:unlogged )?table (?:if not exists )?([\w.]+)/.exec(statement)?.[1];

const changedTable = (statement: string) =>
  /^(?:alter table (?:if exists )?|create (?:unique )?index .*?\bon )(?:only )?([\w.]+)/.exec(
    statement,
  )?.[1];

const shorten = (statement: string) =>
  statement.length > 80 ? `${statement.slice(0, 79)}…` : statement;
