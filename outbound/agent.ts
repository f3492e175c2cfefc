import type { Socket } from 'node:net';
import { Agent, buildConnector, Client, Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { runOutgoing } from '../telemetry/survive-uncaught.ts';
import { BoundedCall } from './calls.ts';
import { withoutInterimAnswers } from './interim-answers.ts';
import { systemLookup } from './name-servers.ts';
import type { Lookup } from './resolver.ts';

const connectTimeoutMs = 5_000;
/** The longest time that an idle connection stays open; the second value applies if the server allows a longer time. */
const [keepAliveMs, longestKeepAliveMs] = [30_000, 60_000];
/** The largest header that common servers and proxies send. */
const maxHeaderSize = 64 * 1_024;

export type OutboundAgentOptions = {
  /** For a whole call, from dispatch to the last byte of the response. */
  timeoutMs: number;
  /** Of one response as it is sent; undici's `request` decodes nothing. */
  maxResponseBytes: number;
  connectionsPerOrigin: number;
  lookup?: Lookup | undefined;
  tls?: { cert?: string; key?: string; ca?: string };
  /** Checks a new connection; returns an error if it is not allowed. */
  refuse?: ((socket: Socket) => Error | undefined) | undefined;
  /** Maps a connection error to the caller's error. */
  toConnectError?: (error: Error) => Error;
};

/**
 * The agent of all outbound HTTP. Every call has one deadline and ends with its caller (`cancelledBy`). Slow name
 * resolution blocks no other call, interim responses are skipped, responses are bounded, and nothing is redirected or
 * decompressed.
 */
export class OutboundAgent extends Agent {
  readonly #timeoutMs: number;

  constructor(options: OutboundAgentOptions) {
    super({
      connect: connectorOf(options),
      connections: options.connectionsPerOrigin,
      // The call's own deadline covers all of it.
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

/**
 * One connection with a random idle timeout between half and all of the limit, so that connections opened together do
 * not all close together.
 */
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
  const toCallersError = (error: Error) => toConnectError?.(error) ?? error;
  return (where, callback) => {
    // A connection's uncaught errors are thrown in the async context that opened it.
    runOutgoing({ kind: 'http', target: where.hostname }, () =>
      connect(where, (...answer) => {
        const [error, socket] = answer;
        if (error) return callback(toCallersError(error), null);
        const refusal = refuse?.(socket);
        if (!refusal) return callback(null, withoutInterimAnswers(socket));
        socket.destroy();
        callback(refusal, null);
      }),
    );
  };
}
