import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { EndpointId } from '../../domain/ids.ts';
import { pointerPart } from '../../domain/json-value.ts';
import { sealContext } from '../../db/sealed-columns.ts';
import type { Sealer } from '../../db/sealed.ts';
import { refuseTarget } from './target-guard.ts';

// Header values that HTTP carries everywhere: printable ASCII (RFC 9110, 5.5), without leading or trailing white space.
const headerValue = z
  .string()
  .max(1_024)
  .regex(/^$|^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/, 'must be printable ASCII');
const secretText = z.string().min(1).max(4_096);
const pem = z.string().min(1).max(32_768);

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('basic'),
    // RFC 7617: the first colon ends the user name.
    username: z
      .string()
      .max(256)
      .regex(/^[^:\p{Cc}]*$/u, 'must have no colon'),
    password: z
      .string()
      .max(1_024)
      .regex(/^\P{Cc}*$/u, 'must have no control characters'),
  }),
  z.strictObject({
    kind: z.literal('bearer'),
    token: secretText.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces'),
  }),
  z.strictObject({
    kind: z.literal('oauth2'),
    tokenUrl: z.string().max(2_048),
    clientId: secretText,
    clientSecret: secretText,
    scope: z.string().max(1_024).optional(),
  }),
  z.strictObject({
    kind: z.literal('mtls'),
    certificate: pem,
    privateKey: pem,
    ca: pem.optional(),
  }),
]);

const accessSchema = z.strictObject({
  headers: z.record(z.string(), headerValue),
  auth: authSchema,
});

/** Tender's access to an endpoint: the merchant's own headers, and Tender's credentials. */
export type EndpointAccess = z.infer<typeof accessSchema>;
export type EndpointAuth = EndpointAccess['auth'];
export type Oauth2Auth = Extract<EndpointAuth, { kind: 'oauth2' }>;
export type MtlsAuth = Extract<EndpointAuth, { kind: 'mtls' }>;

/** `path` is a JSON Pointer (RFC 6901) into the access. */
export type AccessProblem = { path: string; message: string };

/** The problems of an access; empty if it may be sealed. `allowPrivate` as for every target. */
export function checkAccess(
  value: unknown,
  { allowPrivate }: { allowPrivate: boolean },
): AccessProblem[] {
  const parsed = accessSchema.safeParse(value);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      path: path.map((part) => `/${pointerPart(String(part))}`).join(''),
      message,
    }));
  }
  const { headers, auth } = parsed.data;
  return [...headerProblems(headers, auth), ...authProblems(auth, allowPrivate)];
}

const maxHeaders = 20;
/** A token of RFC 9110, 5.6.2. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
// Set by Tender, HTTP or tracing.
const reservedHeaders = new Set(
  `accept-encoding connection content-encoding content-length content-type date expect forwarded host
  http2-settings keep-alive proxy-authenticate proxy-authorization proxy-connection te traceparent
  tracestate trailer transfer-encoding upgrade user-agent via`.split(/\s+/),
);
const reservedPrefixes = ['webhook-', 'tender-', 'ce-', 'x-forwarded-', 'proxy-', 'sec-'];

function headerProblems(
  headers: EndpointAccess['headers'],
  { kind }: EndpointAuth,
): AccessProblem[] {
  const names = Object.keys(headers);
  const lowered = names.map((name) => name.toLowerCase());
  const problems = names.flatMap((name, i) => {
    const message =
      headerProblem(name, kind) ?? (lowered.indexOf(lowered[i]!) < i && 'is duplicated');
    return message ? [{ path: `/headers/${pointerPart(name)}`, message }] : [];
  });
  if (names.length <= maxHeaders) return problems;
  return [{ path: '/headers', message: `must be at most ${maxHeaders}` }, ...problems];
}

function headerProblem(name: string, kind: EndpointAuth['kind']): string | undefined {
  if (!headerName.test(name)) return 'is not a valid header name';
  const lowered = name.toLowerCase();
  const isReserved = reservedPrefixes.some((prefix) => lowered.startsWith(prefix));
  if (isReserved || reservedHeaders.has(lowered)) return 'is set by Tender itself';
  const setsAuthorization = kind === 'basic' || kind === 'bearer' || kind === 'oauth2';
  if (lowered === 'authorization' && setsAuthorization) return `is set by ${kind} already`;
  return undefined;
}

function authProblems(auth: EndpointAuth, allowPrivate: boolean): AccessProblem[] {
  if (auth.kind === 'oauth2') {
    const refusal = refuseTarget(auth.tokenUrl, { allowPrivate });
    if (refusal) return [{ path: '/auth/tokenUrl', message: refusal }];
    // RFC 6749, 3.2: the client secret is sent there.
    const isSafe = allowPrivate || auth.tokenUrl.toLowerCase().startsWith('https:');
    return isSafe ? [] : [{ path: '/auth/tokenUrl', message: 'must be https' }];
  }
  if (auth.kind !== 'mtls') return [];
  const { certificate: cert, privateKey: key, ca } = auth;
  if (!isCertificate(cert))
    return [{ path: '/auth/certificate', message: 'is not a PEM certificate' }];
  if (!doesNotThrow(() => createPrivateKey(key))) {
    return [{ path: '/auth/privateKey', message: 'is not a PEM private key without a passphrase' }];
  }
  if (!doesNotThrow(() => createSecureContext({ cert, key }))) {
    return [{ path: '/auth/privateKey', message: 'does not belong to the certificate' }];
  }
  if (ca === undefined || isCertificate(ca)) return [];
  return [{ path: '/auth/ca', message: 'is not a PEM certificate' }];
}

const isCertificate = (pem: string) => doesNotThrow(() => new X509Certificate(pem));

function doesNotThrow(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

const accessContext = (id: EndpointId) => sealContext('endpoints.access', id);

/** Seals an access for `endpoints.sealed_access`. The access must have passed `checkAccess`. */
export function sealAccess(
  sealer: Sealer,
  { endpointId, access }: { endpointId: EndpointId; access: EndpointAccess },
): string {
  return sealer.seal(JSON.stringify(access), accessContext(endpointId));
}

/** Opens an endpoint's sealed access. Throws if it cannot be opened. */
export function openAccess(
  sealer: Sealer,
  { id, sealedAccess }: { id: EndpointId; sealedAccess: string | null },
): EndpointAccess {
  if (sealedAccess === null) return { headers: {}, auth: { kind: 'none' } };
  return asAccess(sealer.open(sealedAccess, accessContext(id)));
}

/** Safe, because what is opened was checked before it was sealed. */
function asAccess(json: string): EndpointAccess {
  return JSON.parse(json) as EndpointAccess;
}

/** The fixed `Authorization` header of an access (RFC 7617, RFC 6750); an OAuth 2 token is fetched separately. */
export function authorizationOf(auth: EndpointAuth): string | undefined {
  if (auth.kind === 'bearer') return `Bearer ${auth.token}`;
  if (auth.kind !== 'basic') return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}
