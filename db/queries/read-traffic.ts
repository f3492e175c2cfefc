import { and, eq, gt, lt, sql } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import type { TrafficSums } from '../../domain/traffic.ts';
import type { Database } from '../database.ts';
import { endpointMinutes } from '../schema/endpoints.ts';

const minutes = 5;

/** The deliveries to an endpoint in the last five minutes. */
export async function readTraffic(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<TrafficSums> {
  const sum = (column: 'sent' | 'delivered' | 'waitingMs' | 'transferMs') =>
    sql<number>`coalesce(sum(${endpointMinutes[column]}), 0)::float8`;
  const [sums] = await db
    .select({
      sent: sum('sent'),
      delivered: sum('delivered'),
      waitingMs: sum('waitingMs'),
      transferMs: sum('transferMs'),
      window: sql<number>`coalesce((array_agg(${endpointMinutes.window}
        order by ${endpointMinutes.minute} desc))[1], 0)::float8`,
    })
    .from(endpointMinutes)
    .where(
      and(
        eq(endpointMinutes.endpointId, endpointId),
        gt(endpointMinutes.minute, sql`now() - make_interval(mins => ${minutes})`),
      ),
    );
  return { seconds: minutes * 60, ...sums! };
}

/** Deletes minutes older than a day. */
export async function forgetTraffic(db: Database): Promise<void> {
  await db.delete(endpointMinutes).where(lt(endpointMinutes.minute, sql`now() - interval '1 day'`));
}
