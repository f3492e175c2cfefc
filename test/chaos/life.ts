/** One thing that somebody does to an order: its merchant, its payer, its provider, a stranger. */
export type Act =
  | { do: 'think'; ms: number }
  /** The payer looks at the code or the page: at Alipay only now is there a trade. */
  | { do: 'scan' }
  /** At the latest attempt, or the first; `force` is money that was under way when it was closed. */
  | { do: 'pay'; attempt?: 'first'; force?: true; paidMinor?: number }
  | { do: 'cancel' }
  | { do: 'capture'; amountMinor?: number }
  /** The same `no` again is a repeat; without an amount, all that is left. */
  | { do: 'refund'; no: number; amountMinor?: number }
  | { do: 'switch'; method: string }
  | { do: 'resolve'; verb: 'accept' | 'refund' | 'close' | 'dismiss' }
  /** In the provider's own portal. */
  | { do: 'portal'; verb: 'close' | 'refund' | 'dispute'; amountMinor?: number }
  /** The payer's bank asks before it takes anything. */
  | { do: 'inquire' }
  /** The bank's next step with the dispute there is. */
  | { do: 'move'; to: 'inquiryClosed' | 'open' | 'won' | 'lost' }
  | { do: 'decide'; won: boolean }
  /** Another payment with this one's metadata is opened by somebody else, paid, and given back or disputed. */
  | { do: 'copy'; follows: 'nothing' | 'refund' | 'dispute' }
  /** What the payer was given is over. */
  | { do: 'endHandle' }
  /** At the page behind the code, as a payer does who has nothing else. */
  | { do: 'payByHandle' }
  /** A fault at the provider for this order's latest attempt only. */
  | {
      do: 'fault';
      call: string;
      kind: string;
      times?: number;
      delayMs?: number;
      code?: string;
      status?: number;
    }
  /** A stranger says that it is paid. */
  | { do: 'forge' }
  /** The provider says again what it said before. */
  | { do: 'resend' }
  | { do: 'await'; statuses: readonly string[] }
  | { do: 'awaitRefund'; statuses: readonly string[] }
  | { do: 'together'; acts: readonly Act[] };

/** What an order is opened with. */
export type Opening = {
  methods: readonly string[];
  amountMinor: number;
  currency: string;
  capture: 'automatic' | 'manual';
  latePayment: 'refund' | 'accept';
  expiresInSeconds: number;
  /** What the merchant answers when asked to confirm; `silent` never does. */
  confirm?: 'accept' | 'reject' | 'silent';
};

/** One order's life, decided by the seed before it is opened. */
export type Life = {
  number: number;
  fate: string;
  atMs: number;
  opening: Opening;
  /** How the opening is said again: later, twice at the same time, or with another body. */
  repeat: 'none' | 'later' | 'atOnce' | 'otherBody';
  acts: readonly Act[];
  /** Where an order may stand after all this; anything a rule allows when left out. */
  ends?: readonly string[];
};

/** What the driver was told, answer by answer: the model that the checker compares with. */
export type ReportSource = {
  life: Life;
  id: string;
  merchantOrderNo: string;
  status: number;
  text: string;
  /** Answers that were none: broken connections, 409 in flight, 5xx. */
  retries: number;
  repeats: { how: Life['repeat']; status: number; isSameBytes: boolean }[];
  refunds: { id: string; merchantRefundNo: string; amountMinor: number; status: number }[];
  refusedRefunds: number;
  /** Successive looks, by the wait they were made in. */
  seen: { version: number; status: string }[][];
  /** What was answered to a stranger. */
  forgeries: number[];
};
