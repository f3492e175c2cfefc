/** One of the two compared systems. */
export type Side = {
  name: 'bare' | 'product';
  /** Processes whose CPU is counted, in addition to Temporal and the load generator. */
  pids: Record<string, number>;
  /**
   * One payment from start to end. `thinkMs` is the payer's delay between the two, so that the work of the start is
   * over; 0 for none.
   */
  pay(options: { thinkMs: number }): Promise<{ latencyMs: number }>;
  stop(): Promise<void>;
};
