import type { z } from '@hono/zod-openapi';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { endpointSchema } from './endpoint-schema.ts';

/** An endpoint as the API returns it, without its secrets. */
export function endpointBody(endpoint: Endpoint): z.infer<typeof endpointSchema> {
  const { previousSecretUntil, congestion } = endpoint;
  const isInGrace = previousSecretUntil !== null && previousSecretUntil > new Date();
  return {
    id: endpoint.id,
    object: 'endpoint',
    url: endpoint.url,
    destination: endpoint.destination,
    eventTypes: endpoint.eventTypes,
    channels: endpoint.channels,
    filter: endpoint.filter,
    rules: endpoint.rules,
    payload: endpoint.payload,
    format: endpoint.format,
    payloadVersion: endpoint.payloadVersion,
    ordering: endpoint.ordering,
    ratePerSecond: endpoint.ratePerSecond,
    maxConcurrency: endpoint.maxConcurrency,
    retrySeconds: endpoint.retrySeconds,
    headerNames: endpoint.headerNames,
    auth: endpoint.auth,
    signature: endpoint.publicKey === null ? 'hmac' : 'ed25519',
    publicKey: endpoint.publicKey,
    previousSecretUntil: isInGrace ? previousSecretUntil.toISOString() : null,
    description: endpoint.description,
    metadata: endpoint.metadata,
    status: endpoint.status,
    disabledReason: endpoint.disabledReason,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    window:
      endpoint.deliveryOwner === 'workflow' && congestion ? Math.floor(congestion.window) : null,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}
