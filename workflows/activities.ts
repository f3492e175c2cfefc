import type {
  AccountId,
  DifferenceId,
  EndpointId,
  MessageId,
  NotificationId,
  OrderId,
  ReconciliationId,
  RefundId,
  ReplayId,
  SessionId,
} from '../domain/ids.ts';
import type { ExchangeStatus } from '../domain/exchange.ts';
import type { CloseReason, Confirmation } from '../domain/order.ts';
import type { StatementSubject } from '../domain/reconciliation.ts';
import type { RefundStatus } from '../domain/refund.ts';
import type { SessionStatus } from '../domain/session.ts';
import type { OrderProgress, ReconcileProgress } from './messages.ts';

/**
 * All activities that workflows call, implemented by `activities/index.ts`. Each takes and returns one object of ids
 * and plain values. The names are the registered activity types: recorded histories contain them, so a deployed name
 * never changes, even if the code behind it is renamed.
 */
export interface Activities {
  createPayment(input: { orderId: OrderId }): Promise<OrderProgress>;
  queryPayment(input: { orderId: OrderId }): Promise<OrderProgress>;
  closePayment(input: { orderId: OrderId; reason: CloseReason }): Promise<OrderProgress>;
  applyNotification(input: { notificationId: NotificationId }): Promise<OrderProgress>;
  resolveNotification(input: { notificationId: NotificationId }): Promise<OrderProgress>;
  capturePayment(input: { orderId: OrderId }): Promise<OrderProgress>;
  switchPayment(input: { orderId: OrderId }): Promise<OrderProgress>;
  resolveReview(input: { orderId: OrderId }): Promise<OrderProgress>;
  closeLeftovers(input: { orderId: OrderId }): Promise<OrderProgress>;
  askToConfirm(input: { orderId: OrderId }): Promise<{ confirmation: 'accepted' | 'rejected' }>;
  carryOutConfirmation(input: {
    orderId: OrderId;
    confirmation: Confirmation;
  }): Promise<OrderProgress>;

  settleRefund(input: {
    refundId: RefundId;
    notificationIds: NotificationId[];
  }): Promise<{ status: RefundStatus }>;

  loadStatement(input: { accountId: AccountId; date: string }): Promise<LoadedStatement>;
  findWantedStatements(input: { reconciliationId: ReconciliationId }): Promise<{ dates: string[] }>;
  compareBooks(input: { reconciliationId: ReconciliationId }): Promise<ReconcileProgress>;
  findHealable(input: {
    reconciliationId: ReconciliationId;
    round: number;
  }): Promise<{ differences: { id: DifferenceId; about: StatementSubject }[] }>;
  healDifference(input: {
    differenceId: DifferenceId;
    round: number;
  }): Promise<{ note: string | null }>;
  noteUnhealed(input: { differenceId: DifferenceId; round: number; note: string }): Promise<void>;
  noteReconciliation(input: {
    reconciliationId: ReconciliationId;
    status: 'running' | 'waiting';
  }): Promise<void>;
  endReconciliation(input: {
    reconciliationId: ReconciliationId;
    failure: string | null;
  }): Promise<void>;
  beginScheduled(input: {
    accountId: AccountId;
    scheduledAtMs: number;
  }): Promise<{ reconciliationId: ReconciliationId | null }>;
  keepSchedules(): Promise<SyncedSchedules>;

  relayEvents(input: { shard: number }): Promise<{ ended: string }>;
  deliverDue(input: { endpointId: EndpointId }): Promise<DeliveryRun>;
  queueReplay(input: { replayId: ReplayId }): Promise<ReplayProgress>;
  releaseEndpoint(input: { endpointId: EndpointId }): Promise<{ isReleased: boolean }>;

  askReceiver(input: { messageId: MessageId }): Promise<AskedReceiver>;
  expireMessage(input: { messageId: MessageId }): Promise<{ status: ExchangeStatus }>;
  expireSession(input: { sessionId: SessionId }): Promise<{ status: SessionStatus }>;

  sweepStragglers(): Promise<RecoveryResult>;
}

export type LoadedStatement = { kind: 'ready'; entryCount: number } | { kind: 'notReady' };

export type SyncedSchedules = {
  kept: number;
  created: number;
  changed: number;
  removed: number;
  restarted: number;
};

/** An endpoint's state after one run of deliveries. */
export type DeliveryRun = {
  outstanding: number;
  nextDueInMs: number;
  lastFailure: string | null;
  /** Calls that may be in flight; 0 while the endpoint is closed and only probed. */
  window: number;
  isPaused: boolean;
};

export type ReplayProgress = { isOver: boolean; lookedAt: number; queued: number };

/** The result of calling the receiver of a request. `over`: the request has a reply, or its deadline has passed. */
export type AskedReceiver = { kind: 'over' | 'taken' | 'unreachable' };

/** How much was restarted, signalled or redelivered, by kind. */
export type RecoveryResult = {
  notifications: number;
  orders: number;
  commands: number;
  refunds: number;
  endpoints: number;
  replays: number;
  messages: number;
  sessions: number;
  /** Restarted workflows that ended before their work was done. */
  restarted: number;
  failed: number;
};
