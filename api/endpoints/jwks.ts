import { createRoute, z } from '@hono/zod-openapi';
import { publishedKeys } from '../../db/queries/published-keys.ts';
import { publishedKey } from '../../delivery/send/public-key.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointId, merchantId, problemResponses } from '../schemas.ts';

/** The limit for all merchants together; one merchant's keys are listed completely. */
const maxKeys = 1_000;
// A key is published from the moment it signs; a receiver may cache an older list for this long.
const maxAgeSeconds = 300;

const keySchema = z
  .object({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z.string(),
    kid: z.string().openapi({
      description: "The key's thumbprint (RFC 7638), as deliveries name it in `webhook-key-id`",
    }),
    use: z.literal('sig'),
    alg: z.literal('EdDSA'),
  })
  .openapi('PublishedKey');

const route = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  operationId: 'listPublishedKeys',
  tags: ['Endpoints'],
  summary: 'List the public keys that sign deliveries',
  description:
    'A JSON Web Key Set (RFC 7517) of the ed25519 keys (RFC 8037) of endpoints, newest first. After a rotation the previous key stays until its grace period ends. Needs no API key. Query by the `webhook-key-id` of a delivery (`kid`), by endpoint or by `merchant` for a complete list. Without a query at most 1,000 keys are listed, the newest of each merchant first.',
  request: {
    query: z.strictObject({
      endpoint: endpointId.optional(),
      merchant: merchantId.optional(),
      kid: z
        .string()
        .regex(/^[\w-]{43}$/, 'must be a thumbprint, as in `webhook-key-id`')
        .optional(),
    }),
  },
  responses: {
    200: {
      description: 'The keys; empty if the endpoint does not exist or signs with a shared secret',
      content: { 'application/json': { schema: z.object({ keys: z.array(keySchema) }) } },
    },
    ...problemResponses('invalid-request'),
  },
});

export function registerJwks(app: App, { db, limits }: Pick<ApiDeps, 'db' | 'limits'>) {
  app.openapi(route, async (c) => {
    const { endpoint: endpointId, merchant: merchantId, kid: keyId } = c.req.valid('query');
    const isFiltered = endpointId !== undefined || merchantId !== undefined || keyId !== undefined;
    const limit = isFiltered ? 2 * limits.endpointsPerMerchant : maxKeys;
    const keys = await publishedKeys(db, { endpointId, merchantId, keyId, limit });
    c.header('cache-control', `public, max-age=${maxAgeSeconds}`);
    return c.json({ keys: keys.map(publishedKey) }, 200);
  });
}
