import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { checkSchema, schemaFormats } from '../../domain/event-schema.ts';
import { countValues, pointerPart } from '../../domain/json-value.ts';
import type { JsonProblem } from '../../domain/json-value.ts';

// The first error is enough and bounds the work. Own properties only, so that no `constructor` is inherited.
// Unoptimized code is generated three times as fast and runs as fast.
const options = {
  strict: false,
  allErrors: false,
  inlineRefs: false,
  ownProperties: true,
  logger: false,
  code: { optimize: false },
} as const;
/** Validates schemas against the dialect without caching them. */
const dialect = new Ajv2020(options);

/** The first problem of an event's data by the schema of its type; undefined if it is valid. */
export type DataCheck = (data: unknown) => JsonProblem | undefined;

export type CompiledSchema =
  /** `checks` as in `checkSchema`. */
  | { kind: 'compiled'; check: DataCheck; checks: number }
  | { kind: 'refused'; problems: JsonProblem[] };

// Takes about 0.3 s at worst.
const maxSteps = 1_000_000;

/**
 * Compiles a merchant's JSON Schema (2020-12). `docs/guides/events.md` lists what is refused. Compiling and checking
 * can each take half a second, so only `worker-threads/` calls it.
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
      if (values * verdict.checks > maxSteps) {
        return { path: '', message: `has too many values (${values}) for the schema of its type` };
      }
      if (compiled(data)) return undefined;
      const [error] = compiled.errors ?? [];
      return error && problemOf(error);
    },
  };
}

/** The check, or the compiler's reason to refuse a schema that is valid in the dialect, such as an empty enum. */
function compile(schema: Record<string, unknown>): ValidateFunction | string {
  // A new compiler each time, because it caches what it compiled.
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
