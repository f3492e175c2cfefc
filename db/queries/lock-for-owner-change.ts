import { sql } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Locks endpoints before a change of their delivery owner. All callers lock in the order of ids, so that they cannot
 * deadlock.
 */
export async function lockForOwnerChange(
  tx: Transaction,
  ids: readonly EndpointId[],
): Promise<void> {
  await tx.execute(sql`
    select from ${endpoints}
    where ${endpoints.id} = any(${sql.param([...ids])}::text[])
    order by id for update`);
}
