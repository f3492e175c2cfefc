import type { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';
import { compileSchema } from './compile-schema.ts';

/** The problem of a schema that cannot be compiled, naming the places in it; undefined for one that can. */
export function refuseSchema(schema: Record<string, unknown> | null): Problem | undefined {
  const compiled = schema && compileSchema(schema);
  if (compiled?.kind !== 'refused') return undefined;
  return refuseFields(
    compiled.problems.map(({ path, message }) => ({
      in: 'body',
      field: `/schema${path}`,
      message,
    })),
  );
}
