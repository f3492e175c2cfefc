import { drizzle } from 'drizzle-orm/node-postgres';
import type { OrderId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import * as schema from './schema/index.ts';

// A waiter for an order's row lock holds a connection. So that many waiters for one order cannot take all connections,
// each process queues them and lets one wait at a time.
const queues = new Map<OrderId, Promise<unknown>>();

/**
 * Runs `work` in a transaction that holds the order's row lock. For decisions that must not run concurrently, such as
 * what is left to refund.
 */
export async function withOrderLocked<T>(
  db: Database,
  { orderId }: { orderId: OrderId },
  work: (locked: Database) => Promise<T>,
): Promise<T> {
  const before = queues.get(orderId) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(() => lockAndRun(db, orderId, work));
  queues.set(orderId, mine);
  try {
    return await mine;
  } finally {
    if (queues.get(orderId) === mine) queues.delete(orderId);
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
    // Safe, because queries use only `query` of `$client`, which a pool and its client share.
    const locked = drizzle(client, { schema, casing: 'snake_case' }) as unknown as Database;
    const result = await work(locked);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot roll back must not be reused.
    const broken = await client.query('rollback').then(
      () => undefined,
      () => true,
    );
    client.release(broken);
    throw error;
  }
}
