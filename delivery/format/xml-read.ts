import { XMLParser } from 'fast-xml-parser';
import { pointerPart } from '../../domain/json-value.ts';
import { fieldsFromPairs, parseJson, Refusal } from './incoming.ts';
import { carryable } from './xml-write.ts';

/** A parsed element: character references are resolved, values are not interpreted. */
export type Element = {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  text: string;
  children: Element[];
};

const deepest = 64;
const mostTags = 100_000;

/** The output of fast-xml-parser with `preserveOrder`: one key is the tag's name or one of these. */
type Node = { readonly [tag: string]: unknown };
const [textKey, cdataKey, attributesKey] = ['#text', '#cdata', ':@'];

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  cdataPropName: cdataKey,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  // The parser expands nothing: the five named and the numeric references are resolved here.
  processEntities: false,
  htmlEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: deepest,
  // Keeps names as they are; the parser refuses those that would reach into JavaScript's objects.
  onDangerousProperty: (name) => name,
});

/**
 * Parses a document and returns its root. Refuses a DOCTYPE unread, and with it entities, their expansion and external
 * files.
 */
export function parseXml(text: string): Element {
  if (/<!DOCTYPE/i.test(text)) throw new Refusal('has a DOCTYPE, which is not supported');
  const declared = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)/i.exec(text)?.[1];
  if (declared !== undefined && !/^(utf-8|us-ascii)$/i.test(declared)) {
    throw new Refusal(`is declared to be ${declared}: send UTF-8`);
  }
  if (text.split('<', mostTags + 1).length > mostTags) throw new Refusal('has too many elements');
  const roots = elementsIn(parsed(text), '').children;
  const [root] = roots;
  if (!root || roots.length > 1) throw new Refusal('must have one root element');
  return root;
}

function parsed(text: string): Node[] {
  try {
    return parser.parse(text, true) as Node[];
  } catch (error) {
    throw new Refusal(`is not XML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function elementsIn(nodes: readonly Node[], at: string): Pick<Element, 'text' | 'children'> {
  let text = '';
  const children: Element[] = [];
  for (const node of nodes) {
    const tag = Object.keys(node).find((key) => key !== attributesKey) ?? '';
    const inner = node[tag];
    if (tag === textKey) text += resolve(String(inner), at);
    // CDATA has no references.
    else if (tag === cdataKey) text += (inner as Node[]).map((part) => part[textKey]).join('');
    else children.push(elementFrom(tag, node, `${at}/${pointerPart(tag)}`));
  }
  return { text, children };
}

function elementFrom(tag: string, node: Node, at: string): Element {
  const raw = Object.entries((node[attributesKey] ?? {}) as Record<string, string>);
  return {
    tag,
    attributes: Object.fromEntries(raw.map(([name, value]) => [name, resolve(value, at)])),
    ...elementsIn(node[tag] as Node[], at),
  };
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** Resolves the references that XML has without a DOCTYPE. */
function resolve(text: string, at: string): string {
  return text.replaceAll(/&([^&;]*);?/g, (reference, name: string) => {
    const character = reference.endsWith(';') ? (named[name] ?? numbered(name)) : undefined;
    if (character === undefined) throw new Refusal(`has the unknown reference ${reference}`, at);
    return character;
  });
}

function numbered(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name);
  if (!digits) return undefined;
  const point = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (point > 0x10ffff) return undefined;
  const character = String.fromCodePoint(point);
  return carryable.test(character) ? character : undefined;
}

// RFC 8259, 6: the syntax of JSON numbers.
const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The JSON value of an element, as written by `elementOf`. */
export function valueOf(element: Element, at: string): unknown {
  const { attributes, text, children } = element;
  const { type, name: _name, ...others } = attributes;
  const [unknownAttribute] = Object.keys(others);
  if (unknownAttribute !== undefined) throw new Refusal(`has an attribute ${unknownAttribute}`, at);
  const kind = type ?? (children.length > 0 ? 'object' : 'string');
  const isContainer = kind === 'object' || kind === 'array';
  if (isContainer && text.trim() !== '') throw new Refusal('has text between its elements', at);
  if (!isContainer && children.length > 0) throw new Refusal(`has elements in a ${kind}`, at);
  switch (kind) {
    case 'string':
      return text;
    case 'json':
      return parseJson(text, at);
    case 'null':
      return exactly(text === '', null, 'is null and must be empty', at);
    case 'boolean':
      return exactly(text === 'true' || text === 'false', text === 'true', 'is not a boolean', at);
    case 'number': {
      const isNumber = jsonNumber.test(text) && Number.isFinite(Number(text));
      return exactly(isNumber, Number(text), 'is not a JSON number', at);
    }
    case 'array':
      return children.map((child, i) => valueOf(child, `${at}/${i}`));
    case 'object':
      return fieldsOf(children, at);
    default:
      throw new Refusal(`has an unknown type ${kind}`, at);
  }
}

function exactly<T>(isValid: boolean, value: T, reason: string, at: string): T {
  if (!isValid) throw new Refusal(reason, at);
  return value;
}

function fieldsOf(children: readonly Element[], at: string): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const child of children) {
    const name = child.attributes['name'] ?? child.tag;
    const within = `${at}/${pointerPart(name)}`;
    if (fields.has(name)) throw new Refusal('is duplicated; use type="array"', within);
    fields.set(name, valueOf(child, within));
  }
  return fieldsFromPairs(fields, at);
}
