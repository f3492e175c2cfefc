import type { Agent, Dispatcher } from 'undici';
import { ProviderAgent } from '../connecting.ts';

/** The connection broke after the request was sent at least in part. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/**
 * The SDK's HTTP client (urllib) repeats a request by itself if the socket breaks, and marks the repeat with this
 * header; the SDK has no option against it. Only the workflow decides on retries.
 */
const hiddenRetryHeader = 'x-urllib-retry-on-socket-error';

/** One account's connections; every request is sent once. */
export class OneShotAgent extends ProviderAgent {
  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.headers && hiddenRetryHeader in options.headers) {
      throw new ConnectionLost('the connection broke before the answer arrived');
    }
    return super.dispatch(options, handler);
  }
}
