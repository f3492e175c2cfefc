import type { Database } from './database.ts';

/**
 * Gives every database its own prepared form of a query, built once: building and parsing cost three
 * times what running it does. `name` is the statement's on every connection.
 */
export function preparedOnce<Q>(
  name: string,
  build: (db: Database, name: string) => Q,
): (db: Database) => Q {
  const built = new WeakMap<Database, Q>();
  return (db) => {
    const known = built.get(db);
    if (known) return known;
    const query = build(db, name);
    built.set(db, query);
    return query;
  };
}
