import { countValues, pointerPart, refuseJson, refuseUnstorable } from './json-value.ts';
import type { JsonProblem } from './json-value.ts';

/**
 * Keywords of JSON Schema 2020-12 by what they hold. Unlisted keywords are refused, so that a misspelt one is not
 * ignored.
 */
const holdsSchema = new Set([
  'items',
  'additionalProperties',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
]);
const holdsSchemas = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'prefixItems',
  'properties',
  '$defs',
  'dependentSchemas',
]);
const holdsValue = new Set(
  'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired format title description default deprecated readOnly writeOnly examples $comment $schema $ref contentEncoding contentMediaType'.split(
    ' ',
  ),
);
const holdsExpression = new Set(['pattern', 'patternProperties']);

/** The formats whose checks take time linear in the text. */
export const schemaFormats = [
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uuid',
  'json-pointer',
] as const;

const dialect = 'https://json-schema.org/draft/2020-12/schema';
const deepest = 32;
const mostChecks = 2_000;
const longestUnique = 100;
const localRef = /^#\/\$defs\/([A-Za-z0-9_.-]+)$/;

export type SchemaVerdict =
  /** `checks`: the most that validating one value can cost, in steps of about the same size. */
  { kind: 'sound'; checks: number } | { kind: 'refused'; problems: JsonProblem[] };

/**
 * Checks a merchant's schema (JSON Schema 2020-12) before Tender runs it: unknown keywords, references that lead out of
 * the schema, and cost. The walk follows each reference, as a validation would, so a recursive schema is refused as too
 * deep. The validator checks the keywords' values.
 * @example checkSchema({ type: 'object', properties: { id: { type: 'string' } } }) // { kind: 'sound', checks: 4 }
 */
export function checkSchema(schema: Readonly<Record<string, unknown>>): SchemaVerdict {
  const unsound = refuseJson(schema, { maxDepth: 2 * deepest }) ?? refuseUnstorable(schema);
  if (unsound) return { kind: 'refused', problems: [unsound] };
  const problems = new Map<string, string>();
  // A definition is walked at every reference to it; its problem is reported once.
  const refuse = (path: string, message: string) => void problems.set(path, message);
  const defs = fieldsOf(schema['$defs']);
  let checks = 0;

  function walk(part: unknown, path: string, depth: number): void {
    checks += 1;
    if (checks > mostChecks) return;
    if (depth > deepest) return refuse(path, `is nested deeper than ${deepest}, or recursive`);
    const fields = fieldsOf(part);
    for (const [keyword, value] of Object.entries(fields)) {
      const at = `${path}/${pointerPart(keyword)}`;
      if (holdsSchema.has(keyword)) walk(value, at, depth + 1);
      else if (keyword === '$defs' && path !== '') refuse(at, 'must be at the top level');
      else if (holdsSchemas.has(keyword)) walkEach(value, at, depth + 1);
      else if (keyword === '$ref') follow(value, at, depth + 1);
      else if (holdsValue.has(keyword)) checks += countValues(value);
      else if (holdsExpression.has(keyword))
        refuse(at, 'is not supported: regular expressions are not run here');
      else refuse(at, 'is not a supported keyword');
    }
    checkValues(fields, path, refuse);
    if (checks > mostChecks) refuse('', `needs more than ${mostChecks} checks`);
  }

  function walkEach(parts: unknown, path: string, depth: number): void {
    for (const [name, part] of Object.entries(fieldsOf(parts))) {
      const at = `${path}/${pointerPart(name)}`;
      // Ajv ignores this name silently.
      if (name === '__proto__') refuse(at, 'is not an allowed name');
      else walk(part, at, depth);
    }
  }

  function follow(ref: unknown, at: string, depth: number): void {
    const name = typeof ref === 'string' ? localRef.exec(ref)?.[1] : undefined;
    if (name === undefined || !Object.hasOwn(defs, name)) {
      return refuse(at, 'must name a definition of this schema, as #/$defs/name');
    }
    walk(defs[name], `/$defs/${name}`, depth);
  }

  walk(schema, '', 0);
  if (problems.size === 0) return { kind: 'sound', checks };
  return {
    kind: 'refused',
    problems: [...problems].map(([path, message]) => ({ path, message })),
  };
}

function checkValues(
  { $schema, format, uniqueItems, maxItems }: Readonly<Record<string, unknown>>,
  path: string,
  refuse: (path: string, message: string) => void,
): void {
  if ($schema !== undefined && $schema !== dialect) refuse(`${path}/$schema`, `must be ${dialect}`);
  if (format !== undefined && !schemaFormats.some((name) => name === format)) {
    refuse(`${path}/format`, `must be one of ${schemaFormats.join(', ')}`);
  }
  // `uniqueItems` compares every element with every other.
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= longestUnique)) {
    refuse(`${path}/uniqueItems`, `requires maxItems of at most ${longestUnique}`);
  }
}

/** The fields of an object or the elements of an array; empty for anything else, which the validator refuses. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
