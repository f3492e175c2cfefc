import type { Database } from '../database.ts';
import { commitChange } from './commit-change.ts';
import type { Change } from './commit-change.ts';
import type { OrderRead } from './read-order.ts';

/** Commits a change of an order that was read under its lock, where no conflict is possible. */
export async function commitLocked(
  locked: Database,
  input: { read: OrderRead; change: Change },
): Promise<void> {
  if (await commitChange(locked, input)) return;
  throw new Error(`order ${input.read.order.id} changed while it was locked`);
}
