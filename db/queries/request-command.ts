import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import { newId } from '../../domain/ids.ts';
import type { OrderStatus } from '../../domain/order.ts';
import type { ReviewVerb } from '../../domain/review.ts';
import type { Database } from '../database.ts';
import { auditEntries } from '../schema/audit.ts';
import { orders } from '../schema/orders.ts';

/** What a merchant, or a person, can ask of a running order. */
export type Command =
  | { kind: 'cancel' }
  | { kind: 'capture'; captureMinor: number }
  | { kind: 'switch'; method: string }
  /** A new code or address by the present method; a switch takes precedence. */
  | { kind: 'renew'; method: string }
  | { kind: 'resolve'; verb: ReviewVerb; actor: string; merchantId: MerchantId; note: string };

/**
 * Records a command, so that it survives until a worker receives it. False if the order's status does not allow it or
 * the same command is pending. Increments the version, so a decision made on the earlier row is made again.
 */
export function requestCommand(
  db: Database,
  { orderId, command }: { orderId: OrderId; command: Command },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { set, allowedIn, isNew } = transitionOf(command);
    const recorded = await tx
      .update(orders)
      .set({ ...set, commandedAt: new Date(), version: sql`${orders.version} + 1` })
      .where(and(eq(orders.id, orderId), inArray(orders.status, allowedIn), isNew))
      .returning({ id: orders.id });
    if (recorded.length === 0) return false;
    if (command.kind === 'resolve') {
      await tx.insert(auditEntries).values({
        id: newId('audit'),
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

type Transition = {
  set: Partial<typeof orders.$inferInsert>;
  allowedIn: OrderStatus[];
  /** False where the same command is pending already. */
  isNew: SQL | undefined;
};

function transitionOf(command: Command): Transition {
  switch (command.kind) {
    case 'cancel':
      return {
        set: { cancelRequestedAt: new Date() },
        allowedIn: ['pending', 'authorized'],
        isNew: isNull(orders.cancelRequestedAt),
      };
    case 'capture':
      return {
        // The reason why an earlier capture was refused does not apply to this one.
        set: { captureRequestedMinor: command.captureMinor, failureCode: null },
        allowedIn: ['authorized'],
        isNew: isNull(orders.captureRequestedMinor),
      };
    case 'switch':
      return {
        set: { switchRequestedTo: command.method },
        allowedIn: ['pending'],
        isNew: or(isNull(orders.switchRequestedTo), ne(orders.switchRequestedTo, command.method)),
      };
    case 'renew':
      return {
        set: { switchRequestedTo: command.method },
        allowedIn: ['pending'],
        isNew: isNull(orders.switchRequestedTo),
      };
    case 'resolve':
      return {
        set: { reviewVerb: command.verb, failureCode: null },
        allowedIn: ['review'],
        // The latest decision counts, also when an earlier one could not be carried out.
        isNew: or(isNull(orders.reviewVerb), ne(orders.reviewVerb, command.verb)),
      };
  }
}
