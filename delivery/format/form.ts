import { pointerPart } from '../../domain/json-value.ts';
import { deepestLevel } from './format.ts';
import type { Format } from './format.ts';
import { areIndices, fieldsOf, typesName, typesOf } from './form-write.ts';
import {
  eventFrom,
  fieldsFromPairs,
  parseJson,
  Refusal,
  refusalsAsData,
  textOf,
} from './incoming.ts';

/** The envelope as a form (WHATWG URL, 5), nested by brackets; `~types[…]` has the types of non-strings. */
export const form: Format = {
  encode: ({ id, type, timestamp, data }) => ({
    contentType: 'application/x-www-form-urlencoded',
    headers: {},
    body: fieldsOf({ id, type, timestamp, data })
      .map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
      .join('&'),
  }),
  decode: ({ body }) =>
    refusalsAsData(() => {
      const { root, types } = treeOf(textOf(body));
      return [eventFrom(fieldsFrom(root, { name: undefined, at: '', types }))];
    }),
};

type Tree = { text: string | undefined; inner: Map<string, Tree> };
type Types = Map<string, string>;

const fieldName = /^([^[\]]+)((?:\[[^[\]]+\])*)$/;

function treeOf(text: string): { root: Tree; types: Types } {
  const root: Tree = { text: undefined, inner: new Map() };
  const types: Types = new Map();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name.startsWith(`${typesName}[`)) types.set(name, value);
    else put(root, name, value);
  }
  return { root, types };
}

function put(root: Tree, name: string, text: string): void {
  const [, first = '', rest = ''] = fieldName.exec(name) ?? [];
  if (first === '') throw new Refusal(`has a field ${name}: names are like data[items][0]`);
  const steps = [first, ...rest.split(/[[\]]+/).filter((step) => step !== '')];
  if (steps.length > deepestLevel + 2) throw new Refusal('is nested too deep', `/${first}`);
  let tree = root;
  for (const step of steps) {
    if (tree.text !== undefined) throw new Refusal(`has ${name} both as a text and with fields`);
    const next = tree.inner.get(step) ?? { text: undefined, inner: new Map() };
    tree.inner.set(step, next);
    tree = next;
  }
  if (tree.text !== undefined || tree.inner.size > 0) throw new Refusal(`has ${name} twice`);
  tree.text = text;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Refusal('is not percent-encoded UTF-8');
  }
}

type Place = { name: string | undefined; at: string; types: Types };

function fieldsFrom(tree: Tree, place: Place): Record<string, unknown> {
  const fields = [...tree.inner].map(([key, inner]) => {
    const name = place.name === undefined ? key : `${place.name}[${key}]`;
    const at = `${place.at}/${pointerPart(key)}`;
    return [key, valueFrom(inner, { name, at, types: place.types })] as const;
  });
  const [stray] = place.name === undefined ? place.types.keys() : [];
  if (stray !== undefined) throw new Refusal(`has ${stray} for a missing field`);
  return fieldsFromPairs(fields, place.at);
}

function valueFrom(tree: Tree, place: Place & { name: string }): unknown {
  const typeName = typesOf(place.name);
  const type = place.types.get(typeName);
  place.types.delete(typeName);
  if (tree.text !== undefined) return leafFrom(tree.text, type, place.at);
  const isArray = areIndices([...tree.inner.keys()]);
  if (type !== undefined && type !== 'object' && !(type === 'array' && isArray)) {
    throw new Refusal(`is not of type ${type}`, place.at);
  }
  const fields = fieldsFrom(tree, place);
  if (type === 'object' || !isArray) return fields;
  return [...tree.inner.keys()].map((_, i) => fields[i]);
}

function leafFrom(text: string, type: string | undefined, at: string): unknown {
  if (type === undefined || type === 'string') return text;
  if (type === 'json') return parseJson(text, at);
  const isEmpty = text === '';
  if (type === 'null' && isEmpty) return null;
  if (type === 'array' && isEmpty) return [];
  if (type === 'object' && isEmpty) return {};
  const value = type === 'number' || type === 'boolean' ? parseJson(text, at) : undefined;
  if (typeof value === type && !(typeof value === 'number' && !Number.isFinite(value)))
    return value;
  throw new Refusal(`is not of type ${type}`, at);
}
