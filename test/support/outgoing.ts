import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import { newId } from '../../domain/ids.ts';

type EndpointRow = OutgoingDelivery['endpoint'];

/** An endpoint as the database would give it, with what a test cares for. */
export function endpointRow(settings: Partial<EndpointRow> = {}): EndpointRow {
  const at = new Date('2026-11-22T12:00:00Z');
  return {
    id: newId('endpoint'),
    merchantId: newId('merchant'),
    url: 'https://shop.example/',
    destination: null,
    description: null,
    metadata: {},
    eventTypes: ['*'],
    channels: [],
    filter: null,
    resourceId: null,
    rules: [],
    payload: 'full',
    format: 'json',
    payloadVersion: '2026-11-01',
    ordering: 'none',
    ratePerSecond: null,
    maxConcurrency: null,
    retrySeconds: null,
    sealedAccess: null,
    auth: 'none',
    headerNames: [],
    sealedSecret: '',
    publicKey: null,
    previousSealedSecret: null,
    previousPublicKey: null,
    previousSecretUntil: null,
    status: 'enabled',
    disabledReason: null,
    deliveryOwner: 'relay',
    congestion: null,
    failingSince: null,
    createdAt: at,
    updatedAt: at,
    ...settings,
  };
}

let positions = 0;

/** One event on its way to an endpoint. */
export function outgoing(
  endpoint: EndpointRow,
  settings: Partial<OutgoingDelivery> = {},
): OutgoingDelivery {
  return {
    eventId: newId('event'),
    type: 'order.paid',
    resourceId: 'ord_1',
    occurredAt: new Date(),
    body: '{}',
    position: (positions += 1),
    priority: 1,
    orderKey: null,
    isLatestOnly: false,
    isAtMostOnce: false,
    expiresAt: null,
    attempts: 0,
    endpoint,
    ...settings,
  };
}

export function outcomeOf(
  { eventId, endpoint, attempts }: OutgoingDelivery,
  kind: 'delivered' | 'retry',
): AttemptOutcome {
  const base = { eventId, endpointId: endpoint.id, attempt: attempts + 1 };
  if (kind === 'delivered') return { ...base, kind, statusCode: 204 };
  return {
    ...base,
    kind,
    delayMs: 5_000,
    statusCode: 500,
    error: null,
    responseBody: null,
    responseHeaders: null,
    durationMs: 3,
    startedAt: new Date(),
  };
}
