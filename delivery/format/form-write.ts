import { deepestLevel, isPlainObject } from './format.ts';

/** The name under which the types of the others stand: `~types[data][amountMinor]=number`. */
export const typesName = '~types';

type Field = readonly [name: string, text: string];
/** A field's name, and the one its type stands under. */
type Names = { own: string; types: string };
type Written = { fields: Field[]; types: Field[]; roomForNames: number };

/**
 * How many characters the names may come to. A name is written again for every value within it, so that a
 * long one makes of 64 kB hundreds of megabytes.
 */
const mostNames = 256 * 1_024;

/** Fields named by their place, `data[payments][0][id]`, and the types of those that are no strings. */
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
  else if (!isCarried(value, level) || !hasRoom(names, value, to)) {
    leaf(JSON.stringify(value), 'json');
  } else if (typeof value === 'string') leaf(value);
  else if (Array.isArray(value)) {
    if (value.length === 0) leaf('', 'array');
    value.forEach((item, i) => write(within(names, i), item, to, level + 1));
  } else {
    const fields = Object.entries(isPlainObject(value) ? value : {});
    if (fields.length === 0) leaf('', 'object');
    // Its names would make an array of it.
    else if (areIndices(fields.map(([key]) => key))) mark('object');
    for (const [key, one] of fields) write(within(names, key), one, to, level + 1);
  }
}

/** Whether a value's parts can all be written with its name before theirs; if so, that much room is taken. */
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

/** True where names are 0, 1, 2, … in any order: then they are an array's. */
export function areIndices(names: readonly string[]): boolean {
  const all = new Set(names);
  return names.every((_, i) => all.has(String(i)));
}

const halfPair = /\p{Cs}/u;

function isCarried(value: unknown, level: number): boolean {
  if (typeof value === 'string') return !halfPair.test(value);
  if (level >= deepestLevel) return false;
  return (
    !isPlainObject(value) ||
    Object.keys(value).every((key) => key !== '' && !/[[\]]/.test(key) && !halfPair.test(key))
  );
}
