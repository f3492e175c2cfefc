import { sql } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Locks endpoints before their the delivery owner is flipped, as everybody does who flips it: in the order of ids, so that two
 * who lock several at once cannot wait for each other.
 */
export async function lockForFlip(tx: Transaction, ids: readonly EndpointId[]): Promise<void> {
  await tx.execute(sql`
    select from ${endpoints}
    where ${endpoints.id} = any(${sql.param([...ids])}::text[])
    order by id for update`);
}
