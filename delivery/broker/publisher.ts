import type { Destination } from '../../domain/delivery.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { EndpointAuth } from '../send/access.ts';
import type { Framing } from './framing.ts';
import type { GuardedSockets } from './guarded-sockets.ts';

/** Where a message goes: one endpoint's exchange or topic, and how Tender gets in. */
export type BrokerTarget = {
  endpointId: EndpointId;
  url: string;
  destination: Destination;
  auth: EndpointAuth;
};

/** One event as a broker keeps it. */
export type BrokerMessage = {
  /** The event's id, by which a consumer knows a repeat. */
  id: string;
  type: string;
  resourceId: string;
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
};

/** An open connection to one exchange or topic. */
export type Publisher = {
  /** Resolves when the broker has confirmed that it keeps the message. */
  publish(message: BrokerMessage): Promise<void>;
  /** Says goodbye; may take as long as the broker likes. */
  close(): Promise<void>;
};

export type PublisherInput<K extends Destination['kind']> = {
  url: URL;
  destination: Extract<Destination, { kind: K }>;
  auth: EndpointAuth;
  /** The only way to a socket. */
  guard: (framing: Framing) => GuardedSockets;
  /** The connection is of no more use. */
  onBroken: (reason?: Error) => void;
};

// What HTTP alone has use for; credentials open the connection, and are nothing for consumers.
const httpOnly = new Set(['content-type', 'user-agent', 'authorization']);

/**
 * The headers of a message. Those of a binary CloudEvent take the prefix of the broker's binding in place
 * of HTTP's `ce-`, and lose HTTP's percent-encoding (HTTP binding, 3.1.3.2).
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
