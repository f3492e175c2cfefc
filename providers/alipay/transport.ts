import type { Agent, Dispatcher } from 'undici';
import { ProviderAgent } from '../connecting.ts';

/** The connection broke after the request was, at least in part, sent. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/**
 * The SDK's HTTP client (urllib) repeats a request by itself when the socket breaks, and marks the
 * repeat with this header; the SDK offers no switch for it. Retries are the workflow's to decide.
 */
const hiddenRetryHeader = 'x-urllib-retry-on-socket-error';

/** One account's connections, over which every request goes out once. */
export class OneShotAgent extends ProviderAgent {
  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.headers && hiddenRetryHeader in options.headers) {
      throw new ConnectionLost('the connection broke before an answer came');
    }
    return super.dispatch(options, handler);
  }
}
