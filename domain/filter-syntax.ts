import { pointerPart, refuseUnstorable } from './json-value.ts';

/** A condition on an event's payload, as merchants write it: `{ "data.amountMinor": { "$gte": 10000 } }`. */
export type Filter = { readonly [field: string]: unknown };

/** A problem of a filter. `path` is a JSON Pointer (RFC 6901) into the filter. */
export type FilterProblem = { path: string; message: string };

export type FilterOperator = keyof typeof operands;

export type FilterCondition = {
  kind: 'condition';
  /** The path as written, e.g. `data.refunds.0.status`. */
  path: string;
  steps: readonly PathStep[];
  operator: FilterOperator;
  expected: unknown;
};

/** One step of a path: a field's name, and the array index if the name is one. */
export type PathStep = { field: string; index: number | undefined };

export type FilterNode =
  | FilterCondition
  | { kind: 'all' | 'any'; nodes: readonly FilterNode[] }
  | { kind: 'not'; node: FilterNode };

/** `spreading`: conditions whose path may lead to every object in an event, which cost the most. */
export const filterLimits = { depth: 8, conditions: 100, spreading: 20, bytes: 4_096 } as const;

type Scalar = string | number | boolean | null;

const isScalar = (value: unknown): value is Scalar =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  Number.isFinite(value);
const isOrdered = (value: unknown) => typeof value === 'string' || Number.isFinite(value);
const isText = (value: unknown) => typeof value === 'string';

const scalar = { fits: isScalar, wanted: 'a string, a number, true, false or null' };
const ordered = { fits: isOrdered, wanted: 'a number or a string' };
const text = { fits: isText, wanted: 'a string' };
const scalars = {
  fits: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isScalar),
  wanted: 'a non-empty array of strings, numbers, true, false or null',
};

/** Every operator with the operand that it takes. */
const operands = {
  $eq: scalar,
  $ne: scalar,
  $in: scalars,
  $nin: scalars,
  $gt: ordered,
  $gte: ordered,
  $lt: ordered,
  $lte: ordered,
  $startsWith: text,
  $endsWith: text,
  $contains: scalar,
  $exists: { fits: (value: unknown) => typeof value === 'boolean', wanted: 'true or false' },
};

export const filterOperators: readonly string[] = [...Object.keys(operands), '$not'];

const roots = new Set(['id', 'type', 'timestamp', 'data']);
// A path must not reach the properties that JavaScript gives every object.
const unwalkable = new Set(['__proto__', 'constructor', 'prototype']);

type Fields = Readonly<Record<string, unknown>>;

/** True for what JSON calls an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isOperator = (name: string): name is FilterOperator => Object.hasOwn(operands, name);

/** Parses a filter. `node` is meaningful only if there are no problems. */
export function parseFilter(filter: unknown): { node: FilterNode; problems: FilterProblem[] } {
  const problems: FilterProblem[] = [];
  const nothing: FilterNode = { kind: 'all', nodes: [] };
  let conditions = 0;

  const refuse = (path: string, message: string): FilterNode => {
    problems.push({ path, message });
    return nothing;
  };

  function parseAll(value: unknown, at: string, depth: number): FilterNode {
    if (depth > filterLimits.depth)
      return refuse(at, `is nested deeper than ${filterLimits.depth}`);
    if (!isFields(value)) return refuse(at, 'must be an object of fields and conditions');
    const nodes = Object.entries(value).map(([key, inner]) =>
      parseEntry(key, inner, `${at}/${pointerPart(key)}`, depth),
    );
    return { kind: 'all', nodes };
  }

  function parseEntry(key: string, value: unknown, at: string, depth: number): FilterNode {
    if (key === '$not') return { kind: 'not', node: parseAll(value, at, depth + 1) };
    if (key === '$and' || key === '$or') {
      if (!Array.isArray(value) || value.length === 0) {
        return refuse(at, 'must be a non-empty array of filters');
      }
      const nodes = value.map((inner, i) => parseAll(inner, `${at}/${i}`, depth + 1));
      return { kind: key === '$and' ? 'all' : 'any', nodes };
    }
    if (key.startsWith('$'))
      return refuse(at, 'is not $and, $or or $not; operators belong to a field');
    const steps = stepsOf(key);
    const mistake = mistakeIn(steps);
    if (mistake) return refuse(at, mistake);
    if (isFields(value)) return parseOperators({ path: key, steps }, value, at, depth);
    return condition({ path: key, steps }, '$eq', value, at);
  }

  type Field = { path: string; steps: readonly PathStep[] };

  function parseOperators(field: Field, value: Fields, at: string, depth: number): FilterNode {
    if (depth > filterLimits.depth)
      return refuse(at, `is nested deeper than ${filterLimits.depth}`);
    const entries = Object.entries(value);
    if (entries.length === 0) return refuse(at, 'must have at least one operator');
    const nodes = entries.map(([key, inner]): FilterNode => {
      const within = `${at}/${pointerPart(key)}`;
      if (isOperator(key)) return condition(field, key, inner, within);
      if (key !== '$not') return refuse(within, unknownOperator(key));
      if (!isFields(inner)) return refuse(within, 'must be an object of operators');
      return { kind: 'not', node: parseOperators(field, inner, within, depth + 1) };
    });
    return { kind: 'all', nodes };
  }

  function condition(
    { path, steps }: Field,
    operator: FilterOperator,
    expected: unknown,
    at: string,
  ): FilterNode {
    conditions += 1;
    if (conditions === filterLimits.conditions + 1) {
      return refuse('', `has more than ${filterLimits.conditions} conditions`);
    }
    const { fits, wanted } = operands[operator];
    if (!fits(expected)) return refuse(at, `must be ${wanted}`);
    return { kind: 'condition', path, steps, operator, expected };
  }

  const tooLarge = sizeProblem(filter);
  const node = tooLarge ? refuse('', tooLarge) : parseAll(filter, '', 1);
  // The filter is small and shallow at this point; it is stored as it is.
  const unstorable = problems.length === 0 ? refuseUnstorable(filter) : undefined;
  if (unstorable) problems.push(unstorable);
  return { node, problems };
}

function sizeProblem(filter: unknown): string | undefined {
  try {
    const json = JSON.stringify(filter) ?? '';
    const { length } = new TextEncoder().encode(json);
    return length > filterLimits.bytes ? `is larger than ${filterLimits.bytes} bytes` : undefined;
  } catch {
    // Cyclic, contains a bigint, or nested deeper than the stack allows.
    return 'must be JSON';
  }
}

function unknownOperator(key: string): string {
  return key.startsWith('$')
    ? `is not an operator: one of ${filterOperators.join(', ')}`
    : 'is not an operator; a nested field is written as a path, like data.amountMinor';
}

/**
 * Splits at the dots; `\.` is a dot within a field's name, `\\` a backslash.
 * @example stepsOf('data.a\\.b') // fields `data` and `a.b`
 */
function stepsOf(path: string): PathStep[] {
  const fields: string[] = [];
  let field = '';
  for (let i = 0; i < path.length; i++) {
    const isEscape = path[i] === '\\' && (path[i + 1] === '.' || path[i + 1] === '\\');
    if (isEscape) i += 1;
    if (isEscape || path[i] !== '.') field += path[i];
    else {
      fields.push(field);
      field = '';
    }
  }
  fields.push(field);
  return fields.map((field) => ({
    field,
    index: /^(0|[1-9]\d{0,8})$/.test(field) ? Number(field) : undefined,
  }));
}

function mistakeIn(steps: readonly PathStep[]): string | undefined {
  if (steps.some(({ field }) => field === '')) return 'must not have an empty step in its path';
  if (!roots.has(steps[0]?.field ?? '')) return `must begin with ${[...roots].join(', ')}`;
  const odd = steps.find(({ field }) => unwalkable.has(field));
  return odd && `must not name ${odd.field}`;
}
