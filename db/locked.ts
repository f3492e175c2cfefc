import { drizzle } from 'drizzle-orm/node-postgres';
import type { OrderId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import * as schema from './schema/index.ts';

// Whoever waits for an order's row holds a connection meanwhile: a storm on one order must not take all
// of them, so in each process one stands in line for it at a time.
const lines = new Map<OrderId, Promise<unknown>>();

/**
 * Runs `work` in a transaction that holds the order's row: whoever else wants to change the order
 * waits. For decisions that must not be made twice at once, such as what is left to refund.
 */
export async function withOrderLocked<T>(
  db: Database,
  { orderId }: { orderId: OrderId },
  work: (locked: Database) => Promise<T>,
): Promise<T> {
  const before = lines.get(orderId) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(() => lockAndRun(db, orderId, work));
  lines.set(orderId, mine);
  try {
    return await mine;
  } finally {
    if (lines.get(orderId) === mine) lines.delete(orderId);
  }
}

async function lockAndRun<T>(
  db: Database,
  orderId: OrderId,
  work: (locked: Database) => Promise<T>,
): Promise<T> {
  const client = await db.$client.connect();
  try {
    await client.query('begin');
    await client.query('select from orders where id = $1 for update', [orderId]);
    // Guarantee: the queries of this room ask of `$client` only what a pool and its client share, `query`.
    const locked = drizzle(client, { schema, casing: 'snake_case' }) as unknown as Database;
    const result = await work(locked);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot roll back is of no use to anybody else.
    const broken = await client.query('rollback').then(
      () => undefined,
      () => true,
    );
    client.release(broken);
    throw error;
  }
}
