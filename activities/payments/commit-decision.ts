import type { Database } from '../../db/database.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { PaymentRead } from '../../db/queries/read-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';

// Two writers in a row are a race, ten are a fault of ours.
const attempts = 10;

/**
 * Decides on what was read and commits it under the version that was read; when somebody else was
 * first, reads and decides anew. `decide` is pure and answers undefined where nothing is to change.
 */
export async function commitDecision<R extends PaymentRead>(
  db: Database,
  input: { first?: R; read: () => Promise<R>; decide: (read: R) => Change | undefined },
): Promise<OrderProgress> {
  let read = input.first ?? (await input.read());
  for (let attempt = 0; attempt < attempts; attempt++) {
    const change = input.decide(read);
    const { status } = read.order;
    if (!change) return { status };
    if (await commitChange(db, { read, change })) return { status: change.order.status ?? status };
    read = await input.read();
  }
  throw new Error(`order ${read.order.id} was changed by somebody else ten times in a row`);
}
