import { splitStatements } from './split-statements.ts';

type Rule = { matches: RegExp; because: string };

const forbids = 'an old process may write what it forbids';

/** What no migration may do while processes of the last release run, and what an old process has to do with it. */
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
    because: 'an old process counts on the old one: give the new one another name',
  },
];

/** The same, but on a table that the same migration creates: no old process knows it. */
const refusedOnKnownTables: readonly Rule[] = [
  {
    matches: /^alter table .* drop (?:default|constraint|not null)\b/,
    because: 'an old process may count on it',
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

/** What is harmless to a process that does not know of it. What is not listed may be so, but nobody has thought about it. */
const harmless: readonly RegExp[] = [
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

/** The statements of a migration that a process of the last release may not survive, each with the reason. */
export function incompatibleStatements(sql: string): string[] {
  const statements = splitStatements(sql);
  const created = new Set(statements.map(createdTable).filter((name) => name !== undefined));
  return statements.flatMap((statement) => {
    const because = whyIncompatible(statement, created);
    return because === undefined ? [] : [`${shorten(statement)}: ${because}`];
  });
}

function whyIncompatible(statement: string, created: ReadonlySet<string>): string | undefined {
  const told = refused.find(({ matches }) => matches.test(statement));
  if (told) return told.because;
  const known = changedTable(statement);
  if (known !== undefined && created.has(known)) return undefined;
  const toldOfKnown = refusedOnKnownTables.find(({ matches }) => matches.test(statement));
  if (toldOfKnown) return toldOfKnown.because;
  if (harmless.some((matches) => matches.test(statement))) return undefined;
  return 'it is not known to be harmless to an old process';
}

const createdTable = (statement: string) =>
  /^create (?:unlogged )?table (?:if not exists )?([\w.]+)/.exec(statement)?.[1];

const changedTable = (statement: string) =>
  /^(?:alter table (?:if exists )?|create (?:unique )?index .*?\bon )(?:only )?([\w.]+)/.exec(
    statement,
  )?.[1];

const shorten = (statement: string) =>
  statement.length > 80 ? `${statement.slice(0, 79)}…` : statement;
