import type { JsonProblem } from './json-value.ts';
import { pointerPart } from './json-value.ts';

export type JsonReading =
  | { kind: 'value'; value: unknown }
  | { kind: 'malformed'; reason: string }
  | { kind: 'refused'; problem: JsonProblem };

/**
 * Parses untrusted JSON (RFC 8259) and refuses what parsers read differently: a duplicate name in one object (RFC 7493,
 * 2.3) and the name `__proto__`. Time and memory are linear in the text.
 * @example readJson('{"a":1,"a":2}') // { kind: 'refused', problem: { path: '/a', … } }
 */
export function readJson(text: string): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'malformed', reason: error instanceof Error ? error.message : 'not JSON' };
  }
  // Counting is cheaper than looking at each name and accepts almost every text.
  const problem = countNames(text) === countFields(value) ? undefined : findProblem(text);
  return problem ? { kind: 'refused', problem } : { kind: 'value', value };
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];

/** The position of the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === backslash) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
}

/** The position of the next token. */
function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** The number of field names in a JSON text: strings followed by a colon. */
function countNames(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start >= 0;) {
    const next = skipSpace(text, endOfString(text, start) + 1);
    if (text.charCodeAt(next) === colon) count += 1;
    start = text.indexOf('"', next);
  }
  return count;
}

/** The number of fields in all objects of a parsed value; -1 if one is named `__proto__`. */
function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  // Iterative: 64 kB of text can nest deeper than the stack.
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
      // Also if it was escaped: JSON.parse creates an own field.
      if (name === '__proto__') return -1;
      count += 1;
      const field = (part as Readonly<Record<string, unknown>>)[name];
      if (typeof field === 'object' && field !== null) waiting.push(field);
    }
  }
  return count;
}

/** One object or array around the current position. */
type Level = {
  isObject: boolean;
  /** The current name or index. */
  step: string | number;
  /** The names seen so far; allocated at the second name, as there may be very many objects. */
  names: Set<string> | undefined;
};

const longestPath = 1_024;
const [openBrace, closeBrace, openBracket, closeBracket, comma] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c];

/** The first refused name, by position. The text must be valid JSON. */
function findProblem(text: string): JsonProblem | undefined {
  const levels: Level[] = [];
  const refused = (message: string): JsonProblem => {
    const path = levels.map(({ step }) => `/${pointerPart(String(step))}`).join('');
    // The path is part of the answer, so its length is limited.
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
        if (name === '__proto__') return refused('is not an allowed name');
        if (isTwice) return refused('is duplicated in one object');
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
