import type { Socket } from 'node:net';
import { Agent, buildConnector, Client, Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { runOutgoing } from '../telemetry/survive-uncaught.ts';
import { BoundedCall } from './calls.ts';
import { withoutInterimAnswers } from './interim-answers.ts';
import { systemLookup } from './name-servers.ts';
import type { Lookup } from './resolver.ts';

const connectTimeoutMs = 5_000;
/** For how long a connection that nobody uses stays open at most; the second where its server names a longer time. */
const [keepAliveMs, longestKeepAliveMs] = [30_000, 60_000];
/** As much as the largest of common servers and proxies send. */
const maxHeaderSize = 64 * 1_024;

export type OutboundAgentOptions = {
  /** For a whole call, from its dispatch to the last byte of its answer. */
  timeoutMs: number;
  /** Of one answer, as it is sent; undici's `request` decodes nothing. */
  maxResponseBytes: number;
  connectionsPerOrigin: number;
  lookup?: Lookup | undefined;
  tls?: { cert?: string; key?: string; ca?: string };
  /** Looks at what was connected to, and says why that may not be. */
  refuse?: ((socket: Socket) => Error | undefined) | undefined;
  /** What a caller is told where no connection came about. */
  toConnectError?: (error: Error) => Error;
};

/**
 * The one way out by HTTP. Every call has one deadline and ends when its caller goes (`cancelledBy`), names are resolved
 * without holding up others, interim answers are passed over, answers are bounded, and nothing is redirected or
 * decompressed.
 */
export class OutboundAgent extends Agent {
  readonly #timeoutMs: number;

  constructor(options: OutboundAgentOptions) {
    super({
      connect: connectorOf(options),
      connections: options.connectionsPerOrigin,
      // The call's own deadline is before them, and over all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize,
      maxResponseSize: options.maxResponseBytes,
      factory: (origin, own: object) => new Pool(origin, { ...own, factory: spreadClient }),
    });
    this.#timeoutMs = options.timeoutMs;
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, new BoundedCall(handler, { timeoutMs: this.#timeoutMs }));
  }
}

/** One connection. What was opened in a busy second is closed over half of the time that it may stay, not in one. */
function spreadClient(origin: URL, options: object): Client {
  const share = (1 + Math.random()) / 2;
  return new Client(origin, {
    ...options,
    keepAliveTimeout: keepAliveMs * share,
    keepAliveMaxTimeout: longestKeepAliveMs * share,
  });
}

function connectorOf(options: OutboundAgentOptions): buildConnector.connector {
  const { timeoutMs, lookup = systemLookup, tls, refuse, toConnectError } = options;
  const timeout = Math.min(connectTimeoutMs, timeoutMs);
  const connect = buildConnector({ timeout, lookup, ...tls });
  const asTold = (error: Error) => toConnectError?.(error) ?? error;
  return (where, callback) => {
    // What a connection throws into the air, it throws in the context that it was opened in.
    runOutgoing({ kind: 'http', target: where.hostname }, () =>
      connect(where, (...answer) => {
        const [error, socket] = answer;
        if (error) return callback(asTold(error), null);
        const refusal = refuse?.(socket);
        if (!refusal) return callback(null, withoutInterimAnswers(socket));
        socket.destroy();
        callback(refusal, null);
      }),
    );
  };
}
