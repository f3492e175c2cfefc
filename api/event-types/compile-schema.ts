import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { checkSchema, schemaFormats } from '../../domain/event-schema.ts';
import { countValues, pointerPart } from '../../domain/json-value.ts';
import type { JsonProblem } from '../../domain/json-value.ts';

// One error is enough and bounds the work; own properties only, so that nobody inherits a `constructor`. Code
// that is not polished is made three times as fast, and runs as fast.
const options = {
  strict: false,
  allErrors: false,
  inlineRefs: false,
  ownProperties: true,
  logger: false,
  code: { optimize: false },
} as const;
/** Knows the dialect, and judges schemas by it without keeping them. */
const dialect = new Ajv2020(options);

/** What is wrong with an event's data by its type's schema; undefined where nothing is. */
export type DataCheck = (data: unknown) => JsonProblem | undefined;

export type CompiledSchema =
  /** `checks` as in `checkSchema`. */
  | { kind: 'compiled'; check: DataCheck; checks: number }
  | { kind: 'refused'; problems: JsonProblem[] };

// Some 0.3 s at the worst.
const mostSteps = 1_000_000;

/**
 * Compiles a JSON Schema (2020-12) that a merchant wrote. What is refused, and why, is in `docs/guides/events.md`.
 * Compiling can take half a second, and so can a check: for `worker-threads/` alone.
 */
export function compileSchema(schema: Record<string, unknown>): CompiledSchema {
  const verdict = checkSchema(schema);
  if (verdict.kind === 'refused') return verdict;
  if (dialect.validateSchema(schema) !== true) {
    return { kind: 'refused', problems: (dialect.errors ?? []).map(problemOf) };
  }
  const compiled = compile(schema);
  if (typeof compiled === 'string') {
    return { kind: 'refused', problems: [{ path: '', message: compiled }] };
  }
  return {
    kind: 'compiled',
    checks: verdict.checks,
    check: (data) => {
      const values = countValues(data);
      if (values * verdict.checks > mostSteps) {
        return { path: '', message: `has too many values (${values}) for the schema of its type` };
      }
      if (compiled(data)) return undefined;
      const [error] = compiled.errors ?? [];
      return error && problemOf(error);
    },
  };
}

/** The check, or why the compiler refuses what the dialect's own schema lets through, such as an empty enum. */
function compile(schema: Record<string, unknown>): ValidateFunction | string {
  // A compiler of its own: it keeps what it compiled for as long as it lives.
  const ajv = new Ajv2020({ ...options, meta: false, validateSchema: false });
  formats.default(ajv, { mode: 'fast', formats: [...schemaFormats] });
  try {
    return ajv.compile(schema);
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be compiled';
  }
}

function problemOf({ instancePath, message = 'is not valid', params }: ErrorObject): JsonProblem {
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  const path = typeof extra === 'string' ? `/${pointerPart(extra)}` : '';
  return { path: instancePath + path, message };
}
