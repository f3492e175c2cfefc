import type { UnreadableLine } from './provider.ts';

/** What can be said of a cell: the pattern of its text, or that anybody may have written into it. */
export type CellRule = RegExp | 'free';

/** More cells than a row has columns: a text of so many commas is no subject. */
const mostSurplus = 500;

/**
 * Reads a row in which nothing is escaped, so that a free text may hold separators, and even cells that look like
 * the row's own. Every way to share the cells out among the columns is considered: a column has a value if it is the
 * same in all of them. Undefined where there is no way, null for a value that is not certain.
 */
export function readCells(
  cells: readonly string[],
  columns: readonly { name: string; rule: CellRule }[],
): ReadonlyMap<string, string | null> | undefined {
  const surplus = cells.length - columns.length;
  if (surplus < 0 || surplus > mostSurplus) return undefined;
  // Every column has its one cell, whatever is in it.
  if (surplus === 0) return new Map(columns.map(({ name }, i) => [name, cells[i]!]));
  // `starts[column]` has how many cells too many may lie before the column, going through the row from its beginning.
  const starts = reach(cells, columns, surplus);
  const ends = reach(cells.toReversed(), columns.toReversed(), surplus).toReversed();
  if (!starts.at(-1)?.has(surplus)) return undefined;
  return new Map(
    columns.map(({ name, rule }, column) => {
      const values = new Set<string>();
      for (const before of starts[column]!) {
        if (rule === 'free') return [name, null];
        const cell = cells[column + before]!;
        if (rule.test(cell) && ends[column + 1]!.has(surplus - before)) values.add(cell);
      }
      const [only = null] = values;
      return [name, values.size === 1 ? only : null];
    }),
  );
}

/** How many cells too many may lie before each column, and before the end. */
function reach(
  cells: readonly string[],
  columns: readonly { rule: CellRule }[],
  surplus: number,
): Set<number>[] {
  const reached = [new Set([0])];
  for (const [column, { rule }] of columns.entries()) {
    const before = reached[column]!;
    const next = new Set<number>();
    if (rule === 'free') {
      for (let count = Math.min(...before); count <= surplus; count++) next.add(count);
    } else {
      for (const count of before) if (rule.test(cells[column + count]!)) next.add(count);
    }
    reached.push(next);
  }
  return reached;
}

/** A text with a line break in it makes two lines of a row: a line that does not begin as a row does belongs to the one before. */
export function joinBroken(lines: readonly string[], start: RegExp): string[] {
  const rows: string[] = [];
  for (const line of lines) {
    if (rows.length === 0 || start.test(line)) rows.push(line);
    else rows[rows.length - 1] += `\n${line}`;
  }
  return rows;
}

/** What is kept of a line that cannot be read. */
export function unreadableLine(
  text: string,
  reason: string,
  outTradeNo: string | null = null,
): UnreadableLine {
  return { kind: 'unreadable', text: text.slice(0, 500), reason, outTradeNo };
}
