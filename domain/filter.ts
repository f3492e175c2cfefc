import { filterLimits, isFields, parseFilter } from './filter-syntax.ts';
import type {
  Filter,
  FilterCondition,
  FilterNode,
  FilterProblem,
  PathStep,
} from './filter-syntax.ts';
import { searchFor } from './find-text.ts';

export type { Filter, FilterProblem } from './filter-syntax.ts';

/** The problems of a filter; empty if it compiles. The language is in `docs/reference/filters.md`. */
export function checkFilter(value: unknown): FilterProblem[] {
  const { node, problems } = parseFilter(value);
  if (problems.length > 0) return problems;
  const { spreading } = filterLimits;
  if (conditionsIn(node).filter(canSpread).length <= spreading) return [];
  const message = `has more than ${spreading} conditions on fields within fields of data`;
  return [{ path: '', message }];
}

/** True if the path may lead through an array, and so to every object in an event. */
function canSpread({ steps }: FilterCondition): boolean {
  return steps.slice(2).some(({ index }) => index === undefined);
}

/**
 * Compiles a filter into a test of an event's envelope `{ id, type, timestamp, data }`, to be reused for many events.
 * The test never throws. Its time is linear in the filter and in the event, about 20 ms at worst. Throws a TypeError if
 * `filter` is invalid.
 * @example compileFilter({ 'data.amountMinor': { $gte: 10000 } })({ data: { amountMinor: 12000 } }) // true
 */
export function compileFilter(filter: Filter): (event: unknown) => boolean {
  return compile(parsed(filter));
}

export type FilterExplanation = {
  matches: boolean;
  /** Each condition, in the order of the filter; `holds` is the result before any `$not` around it. */
  conditions: {
    path: string;
    operator: string;
    expected: unknown;
    /** The value at the path: an array of several if the path leads through an array, undefined if there is none. */
    actual: unknown;
    holds: boolean;
  }[];
};

/**
 * A dry run: whether a filter matches an event, and why. Yields after each condition. Throws a TypeError if `filter` is
 * invalid.
 */
export function* explainFilter(
  filter: Filter,
  event: unknown,
): Generator<undefined, FilterExplanation> {
  const node = parsed(filter);
  const held = new Map<FilterCondition, boolean>();
  const conditions: FilterExplanation['conditions'] = [];
  for (const condition of conditionsIn(node)) {
    const holds = compileCondition(condition)(event);
    held.set(condition, holds);
    const { path, operator, expected } = condition;
    conditions.push({ path, operator, expected, actual: actualOf(condition, event), holds });
    yield;
  }
  return { matches: isHeld(node, held), conditions };
}

function isHeld(node: FilterNode, held: ReadonlyMap<FilterCondition, boolean>): boolean {
  if (node.kind === 'condition') return held.get(node) === true;
  if (node.kind === 'not') return !isHeld(node.node, held);
  return node.kind === 'all'
    ? node.nodes.every((inner) => isHeld(inner, held))
    : node.nodes.some((inner) => isHeld(inner, held));
}

function parsed(filter: Filter): FilterNode {
  const { node, problems } = parseFilter(filter);
  const [first] = problems;
  if (first) throw new TypeError(`invalid filter: ${first.path} ${first.message}`);
  return node;
}

type Test = (value: unknown) => boolean;

function compile(node: FilterNode): Test {
  if (node.kind === 'condition') return compileCondition(node);
  if (node.kind === 'not') {
    const inner = compile(node.node);
    return (event) => !inner(event);
  }
  const [only, ...more] = node.nodes.map(compile);
  if (only && more.length === 0) return only;
  const tests = only ? [only, ...more] : [];
  return node.kind === 'all'
    ? (event) => tests.every((test) => test(event))
    : (event) => tests.some((test) => test(event));
}

function compileCondition({ operator, expected, steps }: FilterCondition): Test {
  switch (operator) {
    // A missing value equals nothing, so the negative operators hold for it.
    case '$ne':
      return not(anyAt(steps, equals(expected)));
    case '$nin':
      return not(anyAt(steps, isOneOf(expected)));
    case '$exists':
      return expected === true ? anyAt(steps, () => true) : not(anyAt(steps, () => true));
    default:
      return anyAt(steps, testOf(operator, expected));
  }
}

function testOf(
  operator: Exclude<FilterCondition['operator'], '$ne' | '$nin' | '$exists'>,
  expected: unknown,
): Test {
  switch (operator) {
    case '$eq':
      return equals(expected);
    case '$in':
      return isOneOf(expected);
    case '$gt':
      return ordered(expected, (order) => order > 0);
    case '$gte':
      return ordered(expected, (order) => order >= 0);
    case '$lt':
      return ordered(expected, (order) => order < 0);
    case '$lte':
      return ordered(expected, (order) => order <= 0);
    case '$startsWith':
      return (value) => typeof value === 'string' && value.startsWith(String(expected));
    case '$endsWith':
      return (value) => typeof value === 'string' && value.endsWith(String(expected));
    case '$contains':
      return contains(expected);
  }
}

const not =
  (test: Test): Test =>
  (value) =>
    !test(value);

const equals =
  (expected: unknown): Test =>
  (value) =>
    value === expected;

function isOneOf(expected: unknown): Test {
  const wanted = new Set(Array.isArray(expected) ? expected : []);
  return (value) => wanted.has(value);
}

/** Compares numbers with numbers and strings with strings (by code unit); other values are not comparable. */
function ordered(expected: unknown, holds: (order: number) => boolean): Test {
  if (typeof expected === 'number') {
    return (value) => typeof value === 'number' && holds(value - expected);
  }
  const wanted = String(expected);
  const orderOf = (value: string) => (value < wanted ? -1 : value > wanted ? 1 : 0);
  return (value) => typeof value === 'string' && holds(orderOf(value));
}

function contains(expected: unknown): Test {
  const isIn = typeof expected === 'string' ? searchFor(expected) : undefined;
  return (value) =>
    Array.isArray(value)
      ? value.some(equals(expected))
      : typeof value === 'string' && isIn?.(value) === true;
}

function anyAt(steps: readonly PathStep[], test: Test): Test {
  return (event) => isAnyAt(event, steps, 0, test);
}

/**
 * True if the test holds for a value at the path. The path enters an array by an index, or through every object in it.
 * An array directly within an array needs an index, so the recursion is never deeper than the path.
 */
function isAnyAt(event: unknown, steps: readonly PathStep[], from: number, test: Test): boolean {
  let value = event;
  for (let i = from; i < steps.length; i++) {
    const { field, index } = steps[i]!;
    if (Array.isArray(value)) {
      if (index === undefined) {
        return value.some((element) => isFields(element) && isAnyAt(element, steps, i, test));
      }
      if (index >= value.length) return false;
      value = value[index];
    } else {
      if (!isFields(value) || !Object.hasOwn(value, field)) return false;
      value = value[field];
    }
  }
  return test(value);
}

function conditionsIn(node: FilterNode): FilterCondition[] {
  if (node.kind === 'condition') return [node];
  return node.kind === 'not' ? conditionsIn(node.node) : node.nodes.flatMap(conditionsIn);
}

const shown = { values: 20, characters: 1_000, parts: 100 };

function actualOf({ steps }: FilterCondition, event: unknown): unknown {
  const found: unknown[] = [];
  isAnyAt(event, steps, 0, (value) => found.push(value) >= shown.values);
  const room = { characters: shown.characters, parts: shown.parts };
  const parts = found.map((value) => cut(value, room));
  return parts.length > 1 ? parts : parts[0];
}

/** Cuts a value to a size that a reader can take in and that a hundred conditions may return. */
function cut(value: unknown, room: { characters: number; parts: number }): unknown {
  room.parts -= 1;
  if (typeof value === 'string') {
    const text = value.slice(0, Math.max(0, room.characters));
    room.characters -= text.length;
    return text.length < value.length ? `${text}…` : value;
  }
  if (Array.isArray(value)) {
    const parts: unknown[] = [];
    for (const part of value) {
      if (room.parts <= 0) return [...parts, '…'];
      parts.push(cut(part, room));
    }
    return parts;
  }
  if (!isFields(value)) return value;
  const parts: [string, unknown][] = [];
  // Without `Object.entries`: there may be very many fields.
  for (const name in value) {
    if (room.parts <= 0 || room.characters <= 0) return Object.fromEntries([...parts, ['…', '…']]);
    if (!Object.hasOwn(value, name)) continue;
    room.characters -= name.length;
    parts.push([name, cut(value[name], room)]);
  }
  return Object.fromEntries(parts);
}
