import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  ClientSecretBasic,
  customFetch,
  processClientCredentialsResponse,
  ResponseBodyError,
} from 'oauth4webapi';
import { cancelledByNobody } from '../../outbound/calls.ts';
import type { Oauth2Auth } from './access.ts';

const timeoutMs = 10_000;
// RFC 6749, 5.1: a server may omit its token's lifetime.
const assumedSeconds = 300;
const longestMarginSeconds = 30;

export type Tokens = {
  /**
   * A valid token. Concurrent callers share one request. Throws if none can be fetched, with a message for the
   * endpoint's owner.
   */
  of(auth: Oauth2Auth): Promise<string>;
  /** Drops a token that the receiver refused; a newer one is kept. */
  drop(auth: Oauth2Auth, token: string): void;
};

type Kept = { token: string; usableUntilMs: number };

/** Access tokens by client credentials (RFC 6749, 4.4), one per access object. */
export function createTokens({ fetch }: { fetch: typeof globalThis.fetch }): Tokens {
  const kept = new WeakMap<Oauth2Auth, Kept>();
  const pending = new WeakMap<Oauth2Auth, Promise<string>>();

  async function renew(auth: Oauth2Auth): Promise<string> {
    const fresh = await request(auth, fetch).catch((error: unknown) => {
      throw new Error(`no token: ${reasonOf(error)}`, { cause: error });
    });
    kept.set(auth, fresh);
    return fresh.token;
  }

  return {
    async of(auth) {
      const known = kept.get(auth);
      if (known && Date.now() < known.usableUntilMs) return known.token;
      const underWay = pending.get(auth);
      if (underWay) return underWay;
      // Others may wait for it too, so it does not end with the first caller.
      const renewal = cancelledByNobody(() => renew(auth)).finally(() => pending.delete(auth));
      pending.set(auth, renewal);
      return renewal;
    },
    drop(auth, token) {
      if (kept.get(auth)?.token === token) kept.delete(auth);
    },
  };
}

async function request(auth: Oauth2Auth, fetch: typeof globalThis.fetch): Promise<Kept> {
  const { tokenUrl, clientId, clientSecret, scope } = auth;
  const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const response = await clientCredentialsGrantRequest(
    server,
    client,
    ClientSecretBasic(clientSecret),
    scope === undefined ? {} : { scope },
    {
      [customFetch]: fetch,
      // Whether http is allowed was decided when the access was stored.
      [allowInsecureRequests]: true,
      signal: AbortSignal.timeout(timeoutMs),
    },
  );
  const { access_token, token_type, expires_in } = await processClientCredentialsResponse(
    server,
    client,
    response,
  );
  if (token_type !== 'bearer') throw new Error(`unsupported token type ${token_type}`);
  if (!/^[\x21-\x7e]+$/.test(access_token)) throw new Error('the token is not valid in a header');
  const seconds = expires_in ?? assumedSeconds;
  const marginSeconds = Math.min(longestMarginSeconds, seconds / 10);
  return { token: access_token, usableUntilMs: Date.now() + (seconds - marginSeconds) * 1_000 };
}

/** The error of RFC 6749, 5.2, or the reason why the server was not reached. */
function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError) {
    return [error.status, error.error, error.error_description].filter(Boolean).join(' ');
  }
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
