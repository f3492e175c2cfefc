import type { Destination } from '../../domain/delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { EndpointAuth } from '../send/access.ts';
import type { Framing } from './framing.ts';
import type { GuardedSockets } from './guarded-sockets.ts';

/** The destination of a message: one endpoint's exchange or topic, and Tender's credentials there. */
export type BrokerTarget = {
  endpointId: EndpointId;
  url: string;
  destination: Destination;
  auth: EndpointAuth;
};

/** One event as a broker message. */
export type BrokerMessage = {
  /** The event's id, by which a consumer detects a repeat. */
  id: string;
  type: string;
  resourceId: string;
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
};

/** An open connection to one exchange or topic. */
export type Publisher = {
  /** Resolves when the broker has confirmed the message. */
  publish(message: BrokerMessage): Promise<void>;
  /** Closes gracefully; may take as long as the broker likes. */
  close(): Promise<void>;
};

export type PublisherInput<K extends Destination['kind']> = {
  url: URL;
  destination: Extract<Destination, { kind: K }>;
  auth: EndpointAuth;
  /** The only way to open a socket. */
  guard: (framing: Framing) => GuardedSockets;
  /** Called when the connection is no longer usable. */
  onBroken: (reason?: Error) => void;
};

// For HTTP only; credentials open the connection and are not for consumers.
const httpOnly = new Set(['content-type', 'user-agent', 'authorization']);

/**
 * The headers of a message. A binary CloudEvent's headers get the prefix of the broker's binding instead of HTTP's
 * `ce-`, and lose HTTP's percent-encoding (HTTP binding, 3.1.3.2).
 * @example messageHeaders({ 'ce-id': 'evt_1' }, { cloudEventsPrefix: 'ce_' }) // { 'ce_id': 'evt_1' }
 */
export function messageHeaders(
  headers: Readonly<Record<string, string>>,
  { cloudEventsPrefix }: { cloudEventsPrefix: string },
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !httpOnly.has(name.toLowerCase()))
      .map(([name, value]) =>
        name.startsWith('ce-')
          ? [cloudEventsPrefix + name.slice('ce-'.length), decodeURIComponent(value)]
          : [name, value],
      ),
  );
}
