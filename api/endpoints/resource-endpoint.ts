import { secretContext } from '../../db/queries/endpoints.ts';
import type { ResourceEndpoint } from '../../db/queries/endpoints.ts';
import { newId } from '../../domain/ids.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { ensureSigningSecret } from '../../db/queries/signing-secret.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import type { ApiDeps } from '../deps.ts';

/**
 * The endpoint of a single resource, signed with the merchant's own secret, because the response shows no secret. Null
 * without a URL.
 */
export async function resourceEndpoint(
  deps: Pick<ApiDeps, 'db' | 'sealer'>,
  { merchantId, url }: { merchantId: MerchantId; url: string | undefined },
): Promise<ResourceEndpoint | null> {
  if (url === undefined) return null;
  const endpointId = newId('endpoint');
  const secret = await ensureSigningSecret(deps, {
    merchantId,
    make: () => newSecret('hmac').secret,
  });
  return { endpointId, url, sealedSecret: deps.sealer.seal(secret, secretContext(endpointId)) };
}
