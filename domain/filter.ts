import { isFields, parseFilter } from './filter-syntax.ts';
import type {
  Filter,
  FilterCondition,
  FilterNode,
  FilterProblem,
  PathStep,
} from './filter-syntax.ts';

export type { Filter, FilterProblem } from './filter-syntax.ts';

/** What is wrong with a filter; nothing where it can be compiled. The language is in `docs/filters.md`. */
export function checkFilter(value: unknown): FilterProblem[] {
  return parseFilter(value).problems;
}

/**
 * Turns a filter into a test of an event's envelope `{ id, type, timestamp, data }`, once for many
 * events. The test never throws, whatever it is given. Throws for a filter that `checkFilter` refuses.
 */
export function compileFilter(filter: Filter): (event: unknown) => boolean {
  return compile(parsed(filter));
}

export type FilterExplanation = {
  matches: boolean;
  /** Every condition by itself, in the order of the filter; `holds` is before any `$not` around it. */
  conditions: {
    path: string;
    operator: string;
    expected: unknown;
    /** What is there; several values where the path goes through an array, undefined where there is none. */
    actual: unknown;
    holds: boolean;
  }[];
};

/** A dry run: whether a filter matches an event, and why. Throws for a filter that `checkFilter` refuses. */
export function explainFilter(filter: Filter, event: unknown): FilterExplanation {
  const node = parsed(filter);
  const conditions = conditionsIn(node).map((condition) => ({
    path: condition.path,
    operator: condition.operator,
    expected: condition.expected,
    actual: actualOf(condition, event),
    holds: compile(condition)(event),
  }));
  return { matches: compile(node)(event), conditions };
}

function parsed(filter: Filter): FilterNode {
  const { node, problems } = parseFilter(filter);
  const [first] = problems;
  if (first) throw new TypeError(`not a filter: ${first.path} ${first.message}`);
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
    // What is not there is not equal to anything: the negative operators hold for it.
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

/** Numbers with numbers, strings with strings by code unit; anything else has no order. */
function ordered(expected: unknown, holds: (order: number) => boolean): Test {
  if (typeof expected === 'number') {
    return (value) => typeof value === 'number' && holds(value - expected);
  }
  const wanted = String(expected);
  const orderOf = (value: string) => (value < wanted ? -1 : value > wanted ? 1 : 0);
  return (value) => typeof value === 'string' && holds(orderOf(value));
}

function contains(expected: unknown): Test {
  return (value) =>
    Array.isArray(value)
      ? value.includes(expected)
      : typeof value === 'string' && typeof expected === 'string' && value.includes(expected);
}

function anyAt(steps: readonly PathStep[], test: Test): Test {
  return (event) => isAnyAt(event, steps, 0, test);
}

/**
 * Whether the test holds for a value at the path. An array on the way is stepped into by an index, or
 * else through every object in it; an array within an array needs its index, so that no event can make
 * this deeper than the path is long.
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

const shownValues = 20;

function actualOf({ steps }: FilterCondition, event: unknown): unknown {
  const found: unknown[] = [];
  isAnyAt(event, steps, 0, (value) => found.push(value) >= shownValues);
  return found.length > 1 ? found : found[0];
}
