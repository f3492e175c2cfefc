export type JsonProblem = {
  /** JSON Pointer (RFC 6901) to the value with the problem. */
  path: string;
  message: string;
};

/**
 * Refuses parsed JSON that would change when written again, or would exhaust a walk: numbers beyond the safe integers
 * (RFC 7493, 2.2), nesting deeper than `maxDepth`, and more than `maxValues` values, itself included.
 * @example refuseJson({ n: 2 ** 60 }, { maxDepth: 8 }) // { path: '/n', message: 'must be within ±(2^53 - 1); …' }
 */
export function refuseJson(
  value: unknown,
  { maxDepth, maxValues = Infinity }: { maxDepth: number; maxValues?: number },
): JsonProblem | undefined {
  let values = 0;

  function refuse(part: unknown, depthLeft: number): JsonProblem | undefined {
    values += 1;
    if (values > maxValues) return { path: '', message: 'has too many values' };
    if (typeof part === 'number' && !(Math.abs(part) <= Number.MAX_SAFE_INTEGER)) {
      return { path: '', message: 'must be within ±(2^53 - 1); send larger numbers as strings' };
    }
    if (typeof part !== 'object' || part === null) return undefined;
    if (depthLeft === 0) return { path: '', message: 'is nested too deeply' };
    if (Array.isArray(part)) {
      for (let i = 0; i < part.length; i++) {
        const problem = refuse(part[i], depthLeft - 1);
        if (problem) return { ...problem, path: `/${i}${problem.path}` };
      }
      return undefined;
    }
    // Without `Object.entries`: there may be very many fields.
    const fields = part as Readonly<Record<string, unknown>>;
    for (const key in fields) {
      if (!Object.hasOwn(fields, key)) continue;
      const problem = refuse(fields[key], depthLeft - 1);
      if (problem) return { ...problem, path: `/${pointerPart(key)}${problem.path}` };
    }
    return undefined;
  }

  const problem = refuse(value, maxDepth);
  if (values <= maxValues) return problem;
  return { path: '', message: `has more than ${maxValues} values` };
}

// NUL and lone surrogates.
const unstorable = /[\0\p{Cs}]/u;

/** Refuses text that JSON allows and PostgreSQL's jsonb cannot store. For values that `refuseJson` accepted. */
export function refuseUnstorable(value: unknown): JsonProblem | undefined {
  if (typeof value === 'string' && unstorable.test(value)) {
    return { path: '', message: 'must be text without NUL' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    if (unstorable.test(key)) return { path: '', message: 'has a name that contains NUL' };
    const problem = refuseUnstorable(part);
    if (problem) return { ...problem, path: `/${pointerPart(key)}${problem.path}` };
  }
  return undefined;
}

/** The number of values in a value, itself included. For values that `refuseJson` accepted. */
export function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const part of Object.values(value)) count += countValues(part);
  return count;
}

/** One step of a JSON Pointer (RFC 6901, 3). */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The names and indices of a pointer.
 * @example pointerSteps('/a~1b/0') // ['a/b', '0']
 */
export function pointerSteps(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A value's JSON with sorted fields, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
