import { compileSchema } from '../event-types/compile-schema.ts';
import type { DataCheck } from '../event-types/compile-schema.ts';

// A compiled schema takes a few kilobytes for each of its checks.
const maxCached = { schemas: 1_000, checks: 20_000 };

/** Creates a least-recently-used cache of compiled schemas, keyed by their JSON. */
export function createSchemaCache() {
  const cache = new Map<string, { check: DataCheck; checks: number }>();
  let cachedChecks = 0;

  function drop(text: string): void {
    cachedChecks -= cache.get(text)?.checks ?? 0;
    cache.delete(text);
  }

  return {
    /** The check of a registered schema. Throws if the schema cannot be compiled. */
    checkOf(text: string): DataCheck {
      const known = cache.get(text);
      if (known) {
        // Moves it to the end; eviction starts with the least recently used.
        cache.delete(text);
        cache.set(text, known);
        return known.check;
      }
      const compiled = compileSchema(JSON.parse(text) as Record<string, unknown>);
      if (compiled.kind === 'refused') {
        const reasons = JSON.stringify(compiled.problems);
        throw new Error(`a registered schema cannot be compiled: ${reasons}`);
      }
      cache.set(text, compiled);
      cachedChecks += compiled.checks;
      while (
        cache.size > maxCached.schemas ||
        (cachedChecks > maxCached.checks && cache.size > 1)
      ) {
        drop(cache.keys().next().value ?? '');
      }
      return compiled.check;
    },
  };
}
