import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Tls } from '../send/connections.ts';
import { guardedSocket } from '../send/target-guard.ts';
import type { Allowance } from './allowance.ts';
import { createFrameReader } from './framing.ts';
import type { Framing } from './framing.ts';
import { BrokerRefusal } from './refusal.ts';
import { createShares } from './shares.ts';
import type { Shares } from './shares.ts';

/** The sockets of one endpoint's connection; a Kafka cluster has one for each broker that leads a partition. */
export type GuardedSockets = {
  /** Throws if no further socket is allowed. */
  connect(input: { host: string; port: number; tls?: Tls | undefined }): Socket;
  /** Destroys all sockets at once; none is opened afterwards. */
  close(reason: Error): void;
};

const mostSocketsOfOne = 64;

/** Limits shared by all connections of a thread, so that many small ones cost no more than a few large ones. */
export type SharedBounds = { heldBytes: Shares; sockets: Shares };

export function createSharedBounds(): SharedBounds {
  return {
    heldBytes: createShares({ most: 64 * 1_024 * 1_024, fair: 16 * 1_024 }),
    sockets: createShares({ most: 2_048, fair: 2 }),
  };
}

/**
 * Opens sockets to public addresses only, and passes only whole, checked frames to the client. Invalid bytes destroy
 * the socket before the client sees them, and are reported to `refuse`.
 */
export function createGuardedSockets(input: {
  allowPrivate: boolean;
  framing: Framing;
  allowance: Allowance;
  shared: SharedBounds;
  /** Called before each chunk that the client gets. */
  onFeed: () => void;
  refuse: (reason: Error) => void;
}): GuardedSockets {
  const { allowPrivate, shared } = input;
  const open = new Set<Socket>();
  let closed: Error | undefined;

  return {
    connect({ host, port, tls }) {
      if (closed) throw closed;
      const isAllowed =
        open.size < mostSocketsOfOne && shared.sockets.take({ held: open.size, more: 1 });
      if (!isAllowed) throw new BrokerRefusal('too_many_connections', 'too many sockets are open');
      let socket: Socket;
      try {
        const to = { host, port, ...guardedSocket(host, { allowPrivate }) };
        const servername = isIP(host) ? {} : { servername: host };
        socket = tls ? connectTls({ ...to, ...servername, ...tls }) : connectPlain(to);
      } catch (error) {
        shared.sockets.give(1);
        throw error;
      }
      open.add(socket);
      const release = feedWholeFrames(socket, input);
      // Attached from the start: an unhandled error ends the process.
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        shared.sockets.give(1);
        release();
      });
      return socket;
    },
    close(reason) {
      closed ??= reason;
      // With an error, because the clients listen to 'error' and 'end', not to 'close'.
      for (const socket of open) socket.destroy(reason);
    },
  };
}

/** Sits between a socket, plain or TLS, and its reader. Returns the function that releases its buffer. */
function feedWholeFrames(
  socket: Socket,
  { framing, allowance, shared, onFeed, refuse }: Parameters<typeof createGuardedSockets>[0],
): () => void {
  const reader = createFrameReader(framing, { onFrame: allowance.spend });
  const push = socket.push.bind(socket);
  let held = 0;

  function hold(bytes: number): void {
    if (bytes <= held) shared.heldBytes.give(held - bytes);
    else if (!shared.heldBytes.take({ held, more: bytes - held })) {
      throw new BrokerRefusal('too_many_bytes', 'too many incomplete answers are buffered');
    }
    held = bytes;
  }

  socket.push = (chunk: Buffer | null) => {
    if (chunk === null || socket.destroyed) return push(chunk);
    try {
      const whole = reader.read(chunk);
      hold(reader.heldBytes());
      let wantsMore = true;
      if (whole.length > 0) onFeed();
      for (const piece of whole) wantsMore = push(piece);
      return wantsMore;
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      socket.destroy(reason);
      refuse(reason);
      return false;
    }
  };
  return () => hold(0);
}
