import { z } from '@hono/zod-openapi';
import { limitSchema } from './schemas.ts';

/** How a page of a list is asked for: what the page before ended with, and how many at most. */
export const pageQuery = <S extends z.ZodType>(cursor: S) => ({
  cursor: cursor.optional().openapi({ description: '`nextCursor` of the page before' }),
  limit: limitSchema,
});

export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() });

/** Makes a page of rows that were read with one more than its limit, to see whether there are more. */
export function cutPage<T>(
  rows: readonly T[],
  { limit, cursorOf }: { limit: number; cursorOf: (last: T) => string },
): { page: T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { page, nextCursor: last === undefined ? null : cursorOf(last) };
}
