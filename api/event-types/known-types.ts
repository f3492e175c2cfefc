import { LRUCache } from 'lru-cache';
import type { Database } from '../../db/database.ts';
import { findEventTypes } from '../../db/queries/event-types.ts';
import type { MerchantId } from '../../domain/ids.ts';

/** A cached event type; `version` is null if it is not registered. */
export type KnownType = {
  name: string;
  version: string | null;
  isArchived: boolean;
  /** The JSON Schema of its data, as JSON. */
  schema: string | undefined;
};

type FoundType = Awaited<ReturnType<typeof findEventTypes>>[number];

const maxCached = { types: 2_000, chars: 16 * 1_024 * 1_024 };

/**
 * A cache of merchants' event types. Entries may be stale: the writing statement compares the versions, and its caller
 * reads fresh ones if they differ.
 */
export function createKnownTypes({ db }: { db: Database }) {
  // Bounded, because the number of unregistered type names is not.
  const cache = new LRUCache<string, KnownType>({
    max: maxCached.types,
    maxSize: maxCached.chars,
    sizeCalculation: ({ schema }) => 1 + (schema?.length ?? 0),
  });
  const keyOf = (merchantId: MerchantId, name: string) => `${merchantId} ${name}`;

  return {
    /** One type for each name; `isFresh` bypasses the cache. */
    async find(input: {
      merchantId: MerchantId;
      names: readonly string[];
      isFresh: boolean;
    }): Promise<ReadonlyMap<string, KnownType>> {
      const { merchantId, names, isFresh } = input;
      const types = new Map<string, KnownType>();
      for (const name of names) {
        const known = cache.get(keyOf(merchantId, name));
        if (known) types.set(name, known);
      }
      const namesToRead = isFresh ? names : names.filter((name) => !types.has(name));
      if (namesToRead.length === 0) return types;
      const found = await findEventTypes(db, { merchantId, names: namesToRead });
      for (const name of namesToRead) {
        const definition = found.find((each) => each.name === name);
        const type = knownTypeOf({ name, definition, before: types.get(name) });
        cache.set(keyOf(merchantId, type.name), type);
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
