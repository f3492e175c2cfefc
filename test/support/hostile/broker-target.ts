import type { BrokerMessage, BrokerTarget } from '../../../delivery/broker/publisher.ts';

export type BrokerKind = 'amqp' | 'kafka';

/** An endpoint at a broker of this machine; `name` makes it one of its own. */
export function brokerTarget(
  kind: BrokerKind,
  {
    port,
    name,
    auth = { kind: 'none' },
    isTls = false,
  }: { port: number; name: string; auth?: BrokerTarget['auth']; isTls?: boolean },
): BrokerTarget {
  return {
    endpointId: `ep_${name}`,
    url: `${kind}${isTls ? 's' : ''}://127.0.0.1:${port}`,
    destination:
      kind === 'amqp'
        ? { kind, exchange: 'events', routingKey: '{type}' }
        : { kind, topic: 'events', saslMechanism: 'scram-sha-256' },
    auth,
  };
}

export function brokerMessage(id: string): BrokerMessage {
  return {
    id,
    type: 'order.paid',
    resourceId: 'ord_1',
    contentType: 'application/json',
    headers: { 'webhook-id': id },
    body: '{"a":1}',
  };
}
