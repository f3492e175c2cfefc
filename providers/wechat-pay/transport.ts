import { Agent, buildConnector } from 'undici';

/** The connection never stood, so nothing of the request was sent. */
export class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';
}

/** A day's bill of a large merchant; nothing else comes near it. */
const maxResponseBytes = 256 * 1024 * 1024;

/** One account's keep-alive connections: a slow answer to one account does not take another's. */
export function createAgent({ timeoutMs }: { timeoutMs: number }): Agent {
  const connect = buildConnector({ timeout: timeoutMs });
  return new Agent({
    connections: 128,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxResponseBytes,
    connect: (options, callback) => {
      connect(options, (error, socket) => {
        if (error)
          callback(new ConnectFailed(error.message || String(error), { cause: error }), null);
        else callback(null, socket);
      });
    },
  });
}
