import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import type { Id, MerchantId, OrderId } from '../../domain/ids.ts';
import { newId } from '../../domain/ids.ts';
import type { OrderStatus } from '../../domain/order.ts';
import type { ReviewVerb } from '../../domain/review.ts';
import type { Database } from '../database.ts';
import { auditEntries } from '../schema/audit.ts';
import { orders } from '../schema/orders.ts';

/** What a merchant can want of a running order. */
export type Command =
  | { kind: 'cancel' }
  | { kind: 'capture'; captureMinor: number }
  | { kind: 'switch'; method: string }
  /** Of the code or address by the method there is; gives way to a switch. */
  | { kind: 'renew'; method: string }
  | { kind: 'resolve'; verb: ReviewVerb; actor: string; merchantId: MerchantId; note: string };

/**
 * Records a command, so that it survives until a worker receives it. False where the order is in no
 * state for it, or the same was requested before. Raises the version: a decision made meanwhile on the
 * order as it was is made anew.
 */
export function requestCommand(
  db: Database,
  { orderId, command }: { orderId: OrderId; command: Command },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { set, states, unless } = termsOf(command);
    const noted = await tx
      .update(orders)
      .set({ ...set, commandedAt: new Date(), version: sql`${orders.version} + 1` })
      .where(and(eq(orders.id, orderId), inArray(orders.status, states), unless))
      .returning({ id: orders.id });
    if (noted.length === 0) return false;
    if (command.kind === 'resolve') {
      await tx.insert(auditEntries).values({
        id: newId('audit') satisfies Id<'audit'>,
        merchantId: command.merchantId,
        actor: command.actor,
        action: `order.review.${command.verb}`,
        resourceId: orderId,
        details: { note: command.note },
      });
    }
    return true;
  });
}

function termsOf(command: Command) {
  switch (command.kind) {
    case 'cancel':
      return terms(
        { cancelRequestedAt: new Date() },
        ['pending', 'authorized'],
        isNull(orders.cancelRequestedAt),
      );
    case 'capture':
      return terms(
        // Why an earlier one was refused is no answer to this one.
        { captureRequestedMinor: command.captureMinor, failureCode: null },
        ['authorized'],
        isNull(orders.captureRequestedMinor),
      );
    case 'switch':
      return terms(
        { switchRequestedTo: command.method },
        ['pending'],
        or(isNull(orders.switchRequestedTo), ne(orders.switchRequestedTo, command.method)),
      );
    case 'renew':
      return terms(
        { switchRequestedTo: command.method },
        ['pending'],
        isNull(orders.switchRequestedTo),
      );
    case 'resolve':
      return terms(
        { reviewVerb: command.verb, failureCode: null },
        ['review'],
        // The latest is what the person wants, also where the one before cannot be carried out.
        or(isNull(orders.reviewVerb), ne(orders.reviewVerb, command.verb)),
      );
  }
}

function terms(
  set: Partial<typeof orders.$inferInsert>,
  states: OrderStatus[],
  unless: ReturnType<typeof isNull> | undefined,
) {
  return { set, states, unless };
}
