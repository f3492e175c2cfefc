import type { UnreadableLine } from './provider.ts';

/** The rule for a cell: a pattern, or free text of anyone. */
export type CellRule = RegExp | 'free';

/** The most extra cells in a row; no subject has that many commas. */
const mostSurplus = 500;

/**
 * Parses a row without escaping, where a free text may contain separators and even cells that look like the row's own.
 * Considers every assignment of cells to columns; a column has a value if all assignments agree on it. Undefined if
 * there is no assignment, null for an uncertain value.
 */
export function readCells(
  cells: readonly string[],
  columns: readonly { name: string; rule: CellRule }[],
): ReadonlyMap<string, string | null> | undefined {
  const surplus = cells.length - columns.length;
  if (surplus < 0 || surplus > mostSurplus) return undefined;
  // One cell per column, whatever it contains.
  if (surplus === 0) return new Map(columns.map(({ name }, i) => [name, cells[i]!]));
  // `starts[column]` has the possible numbers of extra cells before the column, from the row's start.
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

/** The possible numbers of extra cells before each column, and before the end. */
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

/**
 * Joins rows that a line break in a text has split: a line that does not match the start of a row continues the
 * previous line.
 */
export function joinBroken(lines: readonly string[], start: RegExp): string[] {
  const rows: string[] = [];
  for (const line of lines) {
    if (rows.length === 0 || start.test(line)) rows.push(line);
    else rows[rows.length - 1] += `\n${line}`;
  }
  return rows;
}

/** The stored part of an unreadable line: its first 500 characters. */
export function unreadableLine(
  text: string,
  reason: string,
  outTradeNo: string | null = null,
): UnreadableLine {
  return { kind: 'unreadable', text: text.slice(0, 500), reason, outTradeNo };
}
