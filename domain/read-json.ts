import type { JsonProblem } from './json-value.ts';
import { pointerPart } from './json-value.ts';

export type JsonReading =
  | { kind: 'value'; value: unknown }
  | { kind: 'malformed'; reason: string }
  | { kind: 'refused'; problem: JsonProblem };

/**
 * Reads JSON that a stranger wrote (RFC 8259), and refuses what its readers take differently: a name that
 * stands twice in one object, of which most keep the last and some the first (RFC 7493, 2.3), and the name
 * `__proto__`, which some drop and some refuse. Time and memory are linear in the text.
 */
export function readJson(text: string): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'malformed', reason: error instanceof Error ? error.message : 'not JSON' };
  }
  // Nearly every text is let through by counting, which costs less than to look at each name.
  const problem = countNames(text) === countFields(value) ? undefined : findProblem(text);
  return problem ? { kind: 'refused', problem } : { kind: 'value', value };
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];

/** Where the string that begins at `start` ends: the place of its closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === backslash) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
}

/** Of what JSON has between its tokens. */
function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** How many names of fields a JSON text has: strings with a colon behind them. */
function countNames(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start >= 0;) {
    const next = skipSpace(text, endOfString(text, start) + 1);
    if (text.charCodeAt(next) === colon) count += 1;
    start = text.indexOf('"', next);
  }
  return count;
}

/** How many fields the objects of a parsed value have together; -1 where one of them has a name that is refused. */
function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  // Not by recursion: text of 64 kB nests deeper than the stack.
  const waiting: object[] = [value];
  let count = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (Array.isArray(part)) {
      for (const item of part as unknown[]) {
        if (typeof item === 'object' && item !== null) waiting.push(item);
      }
      continue;
    }
    // Of what JSON.parse makes nothing is inherited that could be enumerated.
    // oxlint-disable-next-line guard-for-in
    for (const name in part) {
      // However it was escaped: JSON.parse makes a field of its own of it.
      if (name === '__proto__') return -1;
      count += 1;
      const field = (part as Readonly<Record<string, unknown>>)[name];
      if (typeof field === 'object' && field !== null) waiting.push(field);
    }
  }
  return count;
}

/** One object or array around the place that is looked at. */
type Level = {
  isObject: boolean;
  /** The name or index of what is looked at. */
  step: string | number;
  /** Those that the object has had; made for its second, as there may be very many objects. */
  names: Set<string> | undefined;
};

const longestPath = 1_024;
const [openBrace, closeBrace, openBracket, closeBracket, comma] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c];

/** The first name that is refused, by its place. For valid JSON. */
function findProblem(text: string): JsonProblem | undefined {
  const levels: Level[] = [];
  const refused = (message: string): JsonProblem => {
    const path = levels.map(({ step }) => `/${pointerPart(String(step))}`).join('');
    // It is answered: as long as a stranger wants it is too long.
    return { path: path.length > longestPath ? `${path.slice(0, longestPath)}…` : path, message };
  };
  let isFirst = true;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    const level = levels.at(-1);
    if (character === quote) {
      const end = endOfString(text, at);
      if (level?.isObject && text.charCodeAt(skipSpace(text, end + 1)) === colon) {
        const name = nameIn(text.slice(at, end + 1));
        if (!isFirst) level.names ??= new Set([String(level.step)]);
        const isTwice = level.names?.has(name);
        level.names?.add(name);
        level.step = name;
        if (name === '__proto__') return refused('is a name that is not taken');
        if (isTwice) return refused('is there twice in one object');
      }
      at = end;
    } else if (character === openBrace || character === openBracket) {
      const isObject = character === openBrace;
      levels.push({ isObject, step: isObject ? '' : 0, names: undefined });
      isFirst = true;
    } else if (character === closeBrace || character === closeBracket) {
      levels.pop();
    } else if (character === comma) {
      isFirst = false;
      if (typeof level?.step === 'number') level.step += 1;
    }
  }
  return undefined;
}

const nameIn = (literal: string): string =>
  literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
