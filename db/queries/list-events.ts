import { and, asc, eq, gt, isNotNull, or, like, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';

/** A merchant's feed after a position, in the feed's order. Patterns as in `domain/events.ts`. */
export function listEvents(
  db: Database,
  input: { merchantId: MerchantId; after: number; patterns: readonly string[]; limit: number },
): Promise<{ position: number; body: string }[]> {
  const covered = input.patterns.map((pattern) =>
    pattern.endsWith('*')
      ? like(events.type, `${pattern.slice(0, -1).replaceAll('_', '\\_')}%`)
      : eq(events.type, pattern),
  );
  return db
    .select({ position: sql<number>`${events.position}::float8`, body: events.body })
    .from(events)
    .where(
      and(
        eq(events.merchantId, input.merchantId),
        isNotNull(events.position),
        gt(events.position, input.after),
        or(...covered),
      ),
    )
    .orderBy(asc(events.position))
    .limit(input.limit);
}
