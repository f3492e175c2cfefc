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
// RFC 6749, 5.1: a server may leave out how long its token holds.
const assumedSeconds = 300;
const longestMarginSeconds = 30;

export type Tokens = {
  /**
   * A token that holds now. One is fetched at a time; whoever comes meanwhile waits for it. Throws, in
   * words for the endpoint's owner, where there is none to be had.
   */
  of(auth: Oauth2Auth): Promise<string>;
  /** The receiver would not have it: the next one is fetched. A newer one than this is kept. */
  drop(auth: Oauth2Auth, token: string): void;
};

type Kept = { token: string; usableUntilMs: number };

/** Access tokens by client credentials (RFC 6749, 4.4), one for each access, for as long as it is used. */
export function createTokens({ fetch }: { fetch: typeof globalThis.fetch }): Tokens {
  const kept = new WeakMap<Oauth2Auth, Kept>();
  const coming = new WeakMap<Oauth2Auth, Promise<string>>();

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
      const underWay = coming.get(auth);
      if (underWay) return underWay;
      // Others may wait for it too: it does not end with the caller who happened to be first.
      const renewal = cancelledByNobody(() => renew(auth)).finally(() => coming.delete(auth));
      coming.set(auth, renewal);
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
      // Where http is allowed is decided when the access is given.
      [allowInsecureRequests]: true,
      signal: AbortSignal.timeout(timeoutMs),
    },
  );
  const { access_token, token_type, expires_in } = await processClientCredentialsResponse(
    server,
    client,
    response,
  );
  if (token_type !== 'bearer') throw new Error(`a token of type ${token_type} is of no use here`);
  if (!/^[\x21-\x7e]+$/.test(access_token)) throw new Error('the token is none for a header');
  const seconds = expires_in ?? assumedSeconds;
  const marginSeconds = Math.min(longestMarginSeconds, seconds / 10);
  return { token: access_token, usableUntilMs: Date.now() + (seconds - marginSeconds) * 1_000 };
}

/** RFC 6749, 5.2, or why it was not even reached. */
function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError) {
    return [error.status, error.error, error.error_description].filter(Boolean).join(' ');
  }
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
