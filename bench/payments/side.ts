/** One of the two things compared. */
export type Side = {
  name: 'bare' | 'product';
  /** Processes whose CPU is counted, beside Temporal and the load generator. */
  pids: Record<string, number>;
  /**
   * One payment from its opening to its end. `thinkMs` is what the payer takes between the two, so that
   * the opening's own work is over; 0 for none.
   */
  pay(options: { thinkMs: number }): Promise<{ latencyMs: number }>;
  stop(): Promise<void>;
};
