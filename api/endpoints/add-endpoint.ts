import { countEndpoints, insertEndpoint } from '../../db/queries/endpoints.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import { newId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import type { Transaction } from '../../db/transaction.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import type { ApiDeps } from '../deps.ts';
import type { EndpointSettings } from './endpoint-schema.ts';
import { changeOfSettings } from './endpoint-settings.ts';
import { Problem } from '../problems.ts';

/** Registers an endpoint with a new secret. Throws a problem that names each refused field. */
export async function addEndpoint(
  deps: Omit<ApiDeps, 'db'> & { db: Database | Transaction },
  input: {
    merchantId: MerchantId;
    settings: EndpointSettings & { url: string; eventTypes: string[] };
    signature: 'hmac' | 'ed25519';
    status: 'enabled' | 'unverified';
  },
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { merchantId, settings, signature, status } = input;
  const { endpointsPerMerchant: most } = deps.limits;
  if ((await countEndpoints(deps.db, { merchantId })) >= most) {
    throw new Problem('limit-reached', `A merchant has at most ${most} endpoints.`);
  }
  const id = newId('endpoint');
  const change = changeOfSettings(deps, { endpointId: id, settings });
  const { secret, publicKey } = newSecret(signature);
  const { url, eventTypes } = settings;
  const endpoint = await insertEndpoint(deps, {
    ...change,
    id,
    merchantId,
    url,
    eventTypes,
    status,
    secret,
    publicKey,
  });
  return { endpoint, secret };
}
