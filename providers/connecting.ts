import { buildConnector } from 'undici';

/** The connection never stood, so nothing of the request was sent. */
export class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';
}

/** Connects as undici does, in a bounded time, and says so when that fails: only then was surely nothing sent. */
export function connectOrSay({ timeoutMs }: { timeoutMs: number }): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs });
  return (options, callback) => {
    connect(options, (...answer) => {
      const [error, socket] = answer;
      if (error)
        callback(new ConnectFailed(error.message || String(error), { cause: error }), null);
      else callback(null, socket);
    });
  };
}
