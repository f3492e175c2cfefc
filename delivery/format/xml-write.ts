import { deepestLevel, isPlainObject } from './format.ts';

/** Names that every XML reader accepts and that have no special meaning to any. */
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const reservedName =
  /^xml|^(__proto__|constructor|prototype|hasOwnProperty|toString|valueOf)$|^__/i;
/** XML 1.0, production 2: no other character is allowed, not even as a character reference. */
export const carryable = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

/**
 * Writes a JSON value as an XML element. The attribute `type` gives the type of everything but strings and objects with
 * fields; a key that is no XML name goes into the attribute `name`.
 * @example elementOf('order', { id: 'ord_1', paid: true }) // <order><id>ord_1</id><paid type="boolean">true</paid></order>
 */
export function elementOf(name: string, value: unknown, level = 0): string {
  const isPlain = plainName.test(name) && !reservedName.test(name);
  const tag = isPlain ? name : 'field';
  const start = isPlain ? tag : `field name="${escapeAttribute(name)}"`;
  const element = (type: string | undefined, content: string) => {
    const opening = type === undefined ? start : `${start} type="${type}"`;
    return content === '' ? `<${opening}/>` : `<${opening}>${content}</${tag}>`;
  };
  if (value === null) return element('null', '');
  if (typeof value === 'number') return element('number', JSON.stringify(value));
  if (typeof value === 'boolean') return element('boolean', String(value));
  if (!isEncodable(value, level)) return element('json', escapeText(asciiJson(value)));
  if (typeof value === 'string') return element(undefined, escapeText(value));
  if (Array.isArray(value)) {
    return element('array', value.map((item) => elementOf('item', item, level + 1)).join(''));
  }
  const fields = Object.entries(isPlainObject(value) ? value : {});
  if (fields.length === 0) return element('object', '');
  return element(undefined, fields.map(([key, one]) => elementOf(key, one, level + 1)).join(''));
}

function isEncodable(value: unknown, level: number): boolean {
  if (typeof value === 'string') return carryable.test(value);
  if (level >= deepestLevel) return false;
  return !isPlainObject(value) || Object.keys(value).every((key) => carryable.test(key));
}

/** JSON in which everything that XML cannot carry is a `\u` escape. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // XML readers normalise carriage returns to line feeds, and white space in attributes to spaces.
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

function escapeText(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (character) => references[character] ?? character);
}

function escapeAttribute(text: string): string {
  return text.replaceAll(/[&<>"\r\n\t]/g, (character) => references[character] ?? character);
}
