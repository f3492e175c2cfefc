import { OutboundAgent } from '../outbound/agent.ts';
import { ConnectFailed } from '../outbound/calls.ts';

const connectionsPerOrigin = 128;
/** For an answer to a call; files have their own limit. */
export const maxAnswerBytes = 16 * 1024 * 1024;
/** For a file as large as a day's bill, ms. */
export const downloadTimeoutMs = 600_000;

/**
 * One account's connections, so that slow answers to one account do not block another's. A failed connection throws
 * `ConnectFailed`; only then nothing was sent. `timeoutMs` applies to a whole call.
 */
export class ProviderAgent extends OutboundAgent {
  constructor({
    timeoutMs,
    maxResponseBytes = maxAnswerBytes,
  }: {
    timeoutMs: number;
    maxResponseBytes?: number;
  }) {
    super({
      timeoutMs,
      maxResponseBytes,
      connectionsPerOrigin,
      toConnectError: (error) =>
        new ConnectFailed(error.message || String(error), { cause: error }),
    });
  }
}
