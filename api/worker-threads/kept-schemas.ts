import { compileSchema } from '../event-types/compile-schema.ts';
import type { DataCheck } from '../event-types/compile-schema.ts';

// A compiled schema takes some kilobytes for each of its checks.
const mostKept = { schemas: 1_000, checks: 20_000 };

/** Compiled schemas by their JSON, so many of the latest. One that is dropped leaves nothing behind. */
export function createKeptSchemas() {
  const kept = new Map<string, { check: DataCheck; checks: number }>();
  let keptChecks = 0;

  function drop(text: string): void {
    keptChecks -= kept.get(text)?.checks ?? 0;
    kept.delete(text);
  }

  return {
    /** The check of a schema that was compiled before, here or elsewhere. Throws where it cannot be. */
    checkOf(text: string): DataCheck {
      const known = kept.get(text);
      if (known) {
        // To the end: the one that was asked for longest ago goes first.
        kept.delete(text);
        kept.set(text, known);
        return known.check;
      }
      const compiled = compileSchema(JSON.parse(text) as Record<string, unknown>);
      if (compiled.kind === 'refused') {
        const reasons = JSON.stringify(compiled.problems);
        throw new Error(`a registered schema cannot be compiled: ${reasons}`);
      }
      kept.set(text, compiled);
      keptChecks += compiled.checks;
      while (kept.size > mostKept.schemas || (keptChecks > mostKept.checks && kept.size > 1)) {
        drop(kept.keys().next().value ?? '');
      }
      return compiled.check;
    },
  };
}
