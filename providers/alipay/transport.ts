import { Agent, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';

/** The connection never stood, so nothing of the request was sent. */
export class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';
}

/** The connection broke after the request was, at least in part, sent. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/**
 * The SDK's HTTP client (urllib) repeats a request by itself when the socket breaks, and marks the
 * repeat with this header; the SDK offers no switch for it. Retries are the workflow's to decide.
 */
const hiddenRetryHeader = 'x-urllib-retry-on-socket-error';

/**
 * One account's keep-alive connections: a slow gateway of one account does not take another's, and
 * every request goes out once.
 */
export class OneShotAgent extends Agent {
  constructor({ timeoutMs }: { timeoutMs: number }) {
    const connect = buildConnector({ timeout: timeoutMs });
    super({
      connections: 128,
      connect: (options, callback) => {
        connect(options, (error, socket) => {
          if (error)
            callback(new ConnectFailed(error.message || String(error), { cause: error }), null);
          else callback(null, socket);
        });
      },
    });
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.headers && hiddenRetryHeader in options.headers) {
      throw new ConnectionLost('the connection broke before an answer came');
    }
    return super.dispatch(options, handler);
  }
}
