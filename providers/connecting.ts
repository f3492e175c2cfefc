import { OutboundAgent } from '../outbound/agent.ts';
import { ConnectFailed } from '../outbound/calls.ts';

const connectionsPerOrigin = 128;
/** Of an answer to a call; files have a bound of their own. */
export const maxAnswerBytes = 16 * 1024 * 1024;
/** For a file as large as a day's bill. */
export const downloadTimeoutMs = 600_000;

/**
 * One account's connections: a slow answer to one account does not take another's. A connection that never stood
 * says so (`ConnectFailed`): only then was surely nothing sent. `timeoutMs` is for a whole call.
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
