import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AccountId,
  EndpointId,
  MessageId,
  NotificationId,
  OrderId,
  ReconciliationId,
  RefundId,
  ReplayId,
  SessionId,
} from '../domain/ids.ts';
import type { OrderCommand } from '../domain/order-life.ts';
import type { OrderStatus } from '../domain/order.ts';

/** A verified notification is in the inbox. Sent by the API, and redelivered by the recovery job. */
export const providerReported =
  defineSignal<[{ notificationId: NotificationId }]>('providerReported');

/** Cancels an order; returns its final status, which may be `paid`. */
export const cancelOrder = defineUpdate<OrderProgress>('cancelOrder');

/** The order's row has a command of the merchant: to capture, to switch the method, to resolve a review. */
export const commandRequested = defineSignal<[{ wish: OrderCommand }]>('wished');
export type { OrderCommand };

/** An order's progress as its workflow knows it. */
export const orderProgress = defineQuery<OrderProgress>('orderProgress');

/** An endpoint has new deliveries for its workflow. */
export const deliveriesAdded = defineSignal('deliveriesAdded');

/** Reconciles a day again; a run that waits for its statement fetches it at once. */
export const reconcileAgain = defineSignal('reconcileAgain');

/** A request was answered. */
export const messageReplied = defineSignal('messageReplied');

/** Both sides of a session have sent their message. */
export const sessionEnded = defineSignal('sessionEnded');

export type OrderProgress = {
  status: OrderStatus;
  /** The order has ended and has open attempts, which may still bring money. */
  hasLeftovers?: boolean;
  /** The notification has no content: the provider has to be queried. */
  isOnlyHint?: boolean;
  /** The open review in one line. */
  review?: string;
  /** The merchant has to be asked to confirm, and has this long to answer. */
  confirmWithinMs?: number;
};
export type PayOrderInput = {
  orderId: OrderId;
  expiresAtMs: number;
  /** The merchant is asked to confirm once there is money, and has this long to answer. */
  confirmWithinMs?: number;
  /** The state to continue from in a new run. */
  resumed?: PayOrderState;
};
/** The state that a run of `payOrder` passes to the next. Commands are redelivered from the order's row. */
export type PayOrderState = {
  status: OrderStatus;
  polls: number;
  isConfirmed: boolean;
  hasLeftovers: boolean;
  isCancelRequested: boolean;
  wishes: readonly OrderCommand[];
  review?: string;
};
export type RefundPaymentInput = {
  refundId: RefundId;
  /** The state to continue from in a new run. */
  resumed?: { polls: number };
};
export type SettleLateInput = {
  orderId: OrderId;
  /** The state to continue from in a new run; every report was applied. */
  resumed?: { reports: number; confirmWithinMs?: number };
};
export type DispatchEventsInput = { shard: number };
export type ReconcileStatementInput = {
  reconciliationId: ReconciliationId;
  accountId: AccountId;
  /** `yyyy-mm-dd`, in the provider's time zone. */
  date: string;
  /** Continues auto-resolving in a new run. */
  healingRound?: number;
  isWantedAgain?: boolean;
};
export type ReconcileProgress = {
  round: number;
  entryCount: number;
  matchedCount: number;
  healedCount: number;
  differenceCount: number;
};
export type DeliverToEndpointInput = { endpointId: EndpointId };
export type ReplayEventsInput = { replayId: ReplayId };
export type ExchangeMessageInput = {
  messageId: MessageId;
  expiresAtMs: number;
  /** An endpoint is addressed, and the workflow calls it. */
  isAsked: boolean;
  /** At most once: a single attempt, whatever its result. */
  isAskedOnce?: boolean;
};
export type HoldSessionInput = { sessionId: SessionId; closesAtMs: number };

/** Workflow ids are business ids, so each order has at most one running workflow, however often it is started. */
export const workflowIds = {
  payOrder: (orderId: OrderId) => `order/${orderId}`,
  settleLate: (orderId: OrderId) => `order/${orderId}/late`,
  refundPayment: (refundId: RefundId) => `refund/${refundId}`,
  dispatchEvents: (shard: number) => `dispatch/${shard}`,
  replayEvents: (replayId: ReplayId) => `replay/${replayId}`,
  exchangeMessage: (messageId: MessageId) => `exchange/${messageId}`,
  holdSession: (sessionId: SessionId) => `session/${sessionId}`,
  deliverToEndpoint: (endpointId: EndpointId) => `endpoint/${endpointId}`,
  reconcileStatement: (accountId: AccountId, date: string) => `reconcile/${accountId}/${date}`,
  /** The schedule appends its time. */
  reconcileYesterday: (accountId: AccountId) => `reconcile-daily/${accountId}`,
  keepSchedules: 'schedules',
  sweep: 'sweep',
} as const;

export const scheduleIds = {
  reconcile: (accountId: AccountId) => `reconcile-${accountId}`,
  isReconcile: (scheduleId: string) => scheduleId.startsWith('reconcile-acc_'),
} as const;
