import { deepestLevel, isPlainObject } from './format.ts';

/** The field that holds the types of the others: `~types[data][amountMinor]=number`. */
export const typesName = '~types';

type Field = readonly [name: string, text: string];
/** A field's name, and the name of its type. */
type Names = { own: string; types: string };
type Written = { fields: Field[]; types: Field[]; roomForNames: number };

/**
 * The most characters of all names together. A name is repeated for every value within it, so a long one could turn 64
 * kB into hundreds of megabytes.
 */
const mostNames = 256 * 1_024;

/** Fields named by their path, `data[payments][0][id]`, and the types of all that are not strings. */
export function fieldsOf(entries: Readonly<Record<string, unknown>>): Field[] {
  const written: Written = { fields: [], types: [], roomForNames: mostNames };
  for (const [name, value] of Object.entries(entries)) {
    write({ own: name, types: `${typesName}[${name}]` }, value, written, 0);
  }
  return [...written.fields, ...written.types];
}

const within = ({ own, types }: Names, step: string | number): Names => ({
  own: `${own}[${step}]`,
  types: `${types}[${step}]`,
});

function write(names: Names, value: unknown, to: Written, level: number): void {
  const leaf = (text: string, type?: string) => {
    to.fields.push([names.own, text]);
    if (type !== undefined) mark(type);
  };
  const mark = (type: string) => to.types.push([names.types, type]);
  if (value === null) leaf('', 'null');
  else if (typeof value === 'number') leaf(JSON.stringify(value), 'number');
  else if (typeof value === 'boolean') leaf(String(value), 'boolean');
  else if (!isEncodable(value, level) || !hasRoom(names, value, to)) {
    leaf(JSON.stringify(value), 'json');
  } else if (typeof value === 'string') leaf(value);
  else if (Array.isArray(value)) {
    if (value.length === 0) leaf('', 'array');
    value.forEach((item, i) => write(within(names, i), item, to, level + 1));
  } else {
    const fields = Object.entries(isPlainObject(value) ? value : {});
    if (fields.length === 0) leaf('', 'object');
    // Its names would read as an array's.
    else if (areIndices(fields.map(([key]) => key))) mark('object');
    for (const [key, one] of fields) write(within(names, key), one, to, level + 1);
  }
}

/** Whether a value's parts can all be written with its name as prefix; if so, reserves that much room. */
function hasRoom({ own }: Names, value: unknown, to: Written): boolean {
  if (typeof value === 'string') return true;
  const names = own.length * Object.keys(value ?? {}).length;
  if (names > to.roomForNames) return false;
  to.roomForNames -= names;
  return true;
}

/** `data[a]` becomes `~types[data][a]`. */
export function typesOf(name: string): string {
  const [root = '', ...rest] = name.split('[');
  return `${typesName}[${root}]${rest.map((step) => `[${step}`).join('')}`;
}

/** True if the names are 0, 1, 2, … in any order: then they are an array's. */
export function areIndices(names: readonly string[]): boolean {
  const all = new Set(names);
  return names.every((_, i) => all.has(String(i)));
}

const halfPair = /\p{Cs}/u;

function isEncodable(value: unknown, level: number): boolean {
  if (typeof value === 'string') return !halfPair.test(value);
  if (level >= deepestLevel) return false;
  return (
    !isPlainObject(value) ||
    Object.keys(value).every((key) => key !== '' && !/[[\]]/.test(key) && !halfPair.test(key))
  );
}
