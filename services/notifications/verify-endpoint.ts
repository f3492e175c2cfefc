import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import { secretContext } from '../../db/queries/endpoints.ts';
import { userAgent } from '../../delivery/send/send.ts';
import { signedHeaders, signingKey } from '../../delivery/send/sign.ts';
import type { ServiceDeps } from '../deps.ts';

const answerSchema = z.object({ challenge: z.string() });

export type Verification = { kind: 'verified' } | { kind: 'refused'; why: string };

/**
 * Verifies that an endpoint consents to deliveries: sends a signed challenge, which it must return as
 * `{"challenge":"…"}` with a 2xx. The endpoint's credentials are not sent yet.
 */
export async function verifyEndpoint(
  { sender, sealer }: Pick<ServiceDeps, 'sender' | 'sealer'>,
  { endpoint }: { endpoint: Endpoint },
): Promise<Verification> {
  const challenge = randomBytes(24).toString('base64url');
  const id = newId('event');
  const at = new Date();
  const body = envelopeOf({
    id,
    type: 'endpoint.verification',
    timestamp: at.toISOString(),
    data: { id: endpoint.id, object: 'endpoint', challenge },
  });
  const keys = [signingKey(sealer.open(endpoint.sealedSecret, secretContext(endpoint.id)))];
  const timestampSeconds = Math.floor(at.getTime() / 1_000);
  const { result, responseBody } = await sender.send({
    url: endpoint.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...signedHeaders({ id, timestampSeconds, body, keys }),
    },
    body,
    keepsBody: true,
  });
  if (result.kind === 'error') return { kind: 'refused', why: result.code };
  if (result.statusCode < 200 || result.statusCode > 299) {
    return { kind: 'refused', why: `status ${result.statusCode}` };
  }
  return parsed(responseBody)?.challenge === challenge
    ? { kind: 'verified' }
    : { kind: 'refused', why: 'the answer does not contain the challenge' };
}

function parsed(body: string | null) {
  try {
    return answerSchema.safeParse(JSON.parse(body ?? '')).data;
  } catch {
    return undefined;
  }
}
