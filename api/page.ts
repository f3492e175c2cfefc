import { z } from '@hono/zod-openapi';
import { limitSchema } from './schemas.ts';

/** The query parameters of a list: the cursor and the page size. */
export const pageQuery = <S extends z.ZodType>(cursor: S) => ({
  cursor: cursor.optional().openapi({ description: '`nextCursor` of the previous page' }),
  limit: limitSchema,
});

export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() });

/** Makes a page of rows that were read with `limit + 1`, to know whether there are more. */
export function cutPage<T>(
  rows: readonly T[],
  { limit, cursorOf }: { limit: number; cursorOf: (last: T) => string },
): { page: T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { page, nextCursor: last === undefined ? null : cursorOf(last) };
}
