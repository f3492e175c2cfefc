import type { Database } from '../../db/database.ts';
import { findEventTypes } from '../../db/queries/event-types.ts';
import type { MerchantId } from '../../domain/ids.ts';

/** An event type as it was looked up; `version` is null for one that is not registered. */
export type KnownType = {
  name: string;
  version: string | null;
  isArchived: boolean;
  /** What its data must fit, as JSON. */
  schema: string | undefined;
};

type FoundType = Awaited<ReturnType<typeof findEventTypes>>[number];

const mostKept = { types: 2_000, chars: 16 * 1_024 * 1_024 };

/**
 * Merchants' event types, looked up once. What is kept may be stale: whoever writes by
 * it compares the versions in the same statement, and asks for fresh ones where they differ.
 */
export function createKnownTypes({ db }: { db: Database }) {
  const kept = new Map<string, KnownType>();
  const keyOf = (merchantId: MerchantId, name: string) => `${merchantId} ${name}`;

  let keptChars = 0;

  function drop(key: string): void {
    keptChars -= kept.get(key)?.schema?.length ?? 0;
    kept.delete(key);
  }

  function keep(merchantId: MerchantId, type: KnownType): void {
    const key = keyOf(merchantId, type.name);
    drop(key);
    kept.set(key, type);
    keptChars += type.schema?.length ?? 0;
    // The oldest goes first: the names of unregistered types are without number.
    while (kept.size > mostKept.types || keptChars > mostKept.chars) {
      drop(kept.keys().next().value ?? '');
    }
  }

  return {
    /** One for each name. `isFresh`: as they are now, whatever is kept. */
    async find(input: {
      merchantId: MerchantId;
      names: readonly string[];
      isFresh: boolean;
    }): Promise<ReadonlyMap<string, KnownType>> {
      const { merchantId, names, isFresh } = input;
      const types = new Map<string, KnownType>();
      for (const name of names) {
        const known = kept.get(keyOf(merchantId, name));
        if (known) types.set(name, known);
      }
      const wanted = isFresh ? names : names.filter((name) => !types.has(name));
      if (wanted.length === 0) return types;
      const found = await findEventTypes(db, { merchantId, names: wanted });
      for (const name of wanted) {
        const definition = found.find((each) => each.name === name);
        const type = knownTypeOf({ name, definition, before: types.get(name) });
        keep(merchantId, type);
        types.set(name, type);
      }
      return types;
    },
  };
}

export type KnownTypes = ReturnType<typeof createKnownTypes>;

function knownTypeOf(input: {
  name: string;
  definition: FoundType | undefined;
  before: KnownType | undefined;
}): KnownType {
  const { name, definition, before } = input;
  const version = definition?.version ?? null;
  if (before?.version === version) return before;
  return {
    name,
    version,
    isArchived: definition !== undefined && definition.archivedAt !== null,
    schema: definition?.schema ? JSON.stringify(definition.schema) : undefined,
  };
}
