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

/** A verified notification lies in the inbox. Sent by the API, and redelivered by the recovery job. */
export const providerReported =
  defineSignal<[{ notificationId: NotificationId }]>('providerReported');

/** Asks for an order to be cancelled; answers with how it ended, which may be `paid`. */
export const cancelOrder = defineUpdate<OrderProgress>('cancelOrder');

/** A command of the merchant's stands in the database: to capture, to switch the method, to end a review. */
export const commandRequested = defineSignal<[{ wish: OrderCommand }]>('wished');
export type { OrderCommand };

/** Where an order stands as its workflow knows it. */
export const orderProgress = defineQuery<OrderProgress>('orderProgress');

/** An endpoint has new deliveries for its workflow. */
export const deliveriesAdded = defineSignal('deliveriesAdded');

/** A day is to be reconciled again; one that waits for its statement asks for it at once. */
export const reconcileAgain = defineSignal('reconcileAgain');

/** A request was answered. */
export const messageReplied = defineSignal('messageReplied');

/** Both sides of a session have spoken. */
export const sessionEnded = defineSignal('sessionEnded');

export type OrderProgress = {
  status: OrderStatus;
  /** The order is done, and something at a provider may still bring it money. */
  hasLeftovers?: boolean;
  /** The notification says only that there is news: the provider has to be asked. */
  isOnlyHint?: boolean;
  /** What a person has to decide on, in a line. */
  review?: string;
  /** The merchant has to be asked to confirm, and has this long to answer. */
  confirmWithinMs?: number;
};
export type PayOrderInput = {
  orderId: OrderId;
  expiresAtMs: number;
  /** The merchant is asked to confirm once there is money, and has this long to answer. */
  confirmWithinMs?: number;
  /** Goes on from there, in a fresh history. */
  resumed?: PayOrderState;
};
/** What a run of `payOrder` hands to the next. Commands are redelivered from their rows. */
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
  /** Goes on from there, in a fresh history. */
  resumed?: { polls: number };
};
export type SettleLateInput = {
  orderId: OrderId;
  /** Goes on from there, in a fresh history: every report was applied, and this is left. */
  resumed?: { reports: number; confirmWithinMs?: number };
};
export type DispatchEventsInput = { shard: number };
export type ReconcileStatementInput = {
  reconciliationId: ReconciliationId;
  accountId: AccountId;
  /** `yyyy-mm-dd`, as the provider counts days. */
  date: string;
  /** Carries on in the middle of auto-resolving, in a fresh history. */
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
  /** One endpoint was addressed, and the workflow asks there itself. */
  isAsked: boolean;
  /** By one try alone, whatever becomes of it. */
  isAskedOnce?: boolean;
};
export type HoldSessionInput = { sessionId: SessionId; closesAtMs: number };

/** Workflow ids are business ids: one order, one workflow, whoever starts it and however often. */
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
  /** The schedule adds its time to it. */
  reconcileYesterday: (accountId: AccountId) => `reconcile-daily/${accountId}`,
  keepSchedules: 'schedules',
  sweep: 'sweep',
} as const;

export const scheduleIds = {
  reconcile: (accountId: AccountId) => `reconcile-${accountId}`,
  isReconcile: (scheduleId: string) => scheduleId.startsWith('reconcile-acc_'),
} as const;
