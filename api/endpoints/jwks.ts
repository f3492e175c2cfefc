import { createRoute, z } from '@hono/zod-openapi';
import { publishedKeys } from '../../db/queries/published-keys.ts';
import { publishedKey } from '../../delivery/send/public-key.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointId, merchantId, problemResponses } from '../schemas.ts';

/** Of all merchants together; those of one are listed whole. */
const mostKeys = 1_000;
// A key is published from the moment it signs; this is how long a receiver may believe an older list.
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
    'A JSON Web Key Set (RFC 7517) of the ed25519 keys (RFC 8037) of endpoints that are signed so, newest first; after a rotation the key before stays until its grace is over. Needs no API key. Ask by the `webhook-key-id` of a delivery (`kid`), for your endpoint or for all of yours (`merchant`): each is complete, whatever the number of keys. Without one of them at most 1,000 are listed, the newest of each merchant first.',
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
      description: 'The keys; none where there is no such endpoint, or it shares a secret',
      content: { 'application/json': { schema: z.object({ keys: z.array(keySchema) }) } },
    },
    ...problemResponses('invalid-request'),
  },
});

export function registerJwks(app: App, { db, limits }: Pick<ApiDeps, 'db' | 'limits'>) {
  app.openapi(route, async (c) => {
    const { endpoint: endpointId, merchant: merchantId, kid: keyId } = c.req.valid('query');
    const isOfOne = endpointId !== undefined || merchantId !== undefined || keyId !== undefined;
    const limit = isOfOne ? 2 * limits.endpointsPerMerchant : mostKeys;
    const keys = await publishedKeys(db, { endpointId, merchantId, keyId, limit });
    c.header('cache-control', `public, max-age=${maxAgeSeconds}`);
    return c.json({ keys: keys.map(publishedKey) }, 200);
  });
}
