/** What the platform knows. Everything in it follows from the events, in their order. */
export type Book = {
  apps: Map<string, App>;
  trades: Map<string, Trade>;
  /** By the code in the payer's URL. */
  codes: Map<string, Trade>;
};

export type App = { appId: string; sellerId: string; appPublicKey: string };

export type TradeKey = { appId: string; outTradeNo: string };

/** `CODE_ISSUED` is ours: at Alipay no trade exists before the code is scanned. */
export type TradeStatus = 'CODE_ISSUED' | 'WAIT_BUYER_PAY' | 'TRADE_SUCCESS' | 'TRADE_CLOSED';

export type IssuedCode = TradeKey & {
  sellerId: string;
  code: string;
  /** The whole order as asked for; asked again with other terms it is CONTEXT_INCONSISTENT. */
  terms: string;
  totalAmount: string;
  subject: string;
  notifyUrl?: string;
  expiresAtMs: number;
  atMs: number;
};

export type Trade = IssuedCode & {
  status: TradeStatus;
  /** How often money was taken. More than one would be a scandal. */
  captures: number;
  tradeNo?: string;
  buyerId?: string;
  paidAmount?: string;
  scannedAtMs?: number;
  paidAtMs?: number;
  closedAtMs?: number;
  notifications: Notification[];
};

export type Notification = TradeKey & {
  notifyId: string;
  url: string;
  /** What is signed and sent, the same at every attempt. */
  fields: Record<string, string>;
  attempts: Attempt[];
  /** Undefined while it is still to be sent. */
  end?: NotificationEnd;
};

export type NotificationEnd = 'acknowledged' | 'given_up' | 'lost';

export type Attempt = {
  atMs: number;
  outcome: 'acknowledged' | 'refused' | 'unreachable' | 'not_sent';
  httpStatus?: number;
  answer?: string;
  /** A second copy or a resend: no step of the ladder. */
  isExtra?: true;
  /** The scripted fault it was sent with. */
  fault?: string;
};

export type BookEvent =
  | { type: 'appRegistered'; app: App }
  | { type: 'codeIssued'; issued: IssuedCode }
  | (TradeKey & { type: 'scanned'; tradeNo: string; buyerId: string; atMs: number })
  | (TradeKey & { type: 'paid'; paidAmount: string; atMs: number })
  | (TradeKey & { type: 'closed'; atMs: number })
  | (TradeKey & {
      type: 'notificationMade';
      notifyId: string;
      url: string;
      fields: Record<string, string>;
    })
  | (TradeKey & { type: 'notificationAttempted'; notifyId: string; attempt: Attempt })
  | (TradeKey & { type: 'notificationEnded'; notifyId: string; end: NotificationEnd });

export function emptyBook(): Book {
  return { apps: new Map(), trades: new Map(), codes: new Map() };
}

export function findTrade(book: Book, { appId, outTradeNo }: TradeKey): Trade | undefined {
  return book.trades.get(`${appId}/${outTradeNo}`);
}

/** Enters what happened. Whether it may happen was decided before, in `rules.ts`. */
export function applyEvent(book: Book, event: BookEvent): void {
  if (event.type === 'appRegistered') {
    book.apps.set(event.app.appId, event.app);
  } else if (event.type === 'codeIssued') {
    const trade: Trade = { ...event.issued, status: 'CODE_ISSUED', captures: 0, notifications: [] };
    book.trades.set(`${trade.appId}/${trade.outTradeNo}`, trade);
    book.codes.set(trade.code, trade);
  } else {
    const trade = findTrade(book, event);
    if (!trade) throw new Error(`${event.type} without a code issued before it`);
    applyTradeEvent(trade, event);
  }
}

function applyTradeEvent(trade: Trade, event: Extract<BookEvent, TradeKey>): void {
  switch (event.type) {
    case 'scanned':
      trade.status = 'WAIT_BUYER_PAY';
      trade.tradeNo = event.tradeNo;
      trade.buyerId = event.buyerId;
      trade.scannedAtMs = event.atMs;
      return;
    case 'paid':
      trade.status = 'TRADE_SUCCESS';
      trade.captures += 1;
      trade.paidAmount = event.paidAmount;
      trade.paidAtMs = event.atMs;
      return;
    case 'closed':
      trade.status = 'TRADE_CLOSED';
      trade.closedAtMs = event.atMs;
      return;
    case 'notificationMade': {
      const { appId, outTradeNo, notifyId, url, fields } = event;
      trade.notifications.push({ appId, outTradeNo, notifyId, url, fields, attempts: [] });
      return;
    }
    case 'notificationAttempted':
      findNotification(trade, event.notifyId).attempts.push(event.attempt);
      return;
    case 'notificationEnded':
      findNotification(trade, event.notifyId).end = event.end;
  }
}

function findNotification(trade: Trade, notifyId: string): Notification {
  const notification = trade.notifications.find((n) => n.notifyId === notifyId);
  if (!notification) throw new Error(`notification ${notifyId} was never made`);
  return notification;
}
