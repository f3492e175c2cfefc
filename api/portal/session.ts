import { createHash, randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Database } from '../../db/database.ts';
import { findPortalMerchant } from '../../db/queries/portal-links.ts';
import type { ApiDeps, AppEnv } from '../deps.ts';
import { Problem } from '../problems.ts';

const cookieName = 'tender_portal';
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Creates a link's token: 256 random bits, stored only as a hash. */
export function newPortalToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashOf(token) };
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/**
 * Authenticates the holder of a link's token, from a cookie that only these pages get and no script can read. Accepts a
 * form only if the browser reports the same origin, so that no other site can submit one.
 */
export function portalSession({ db, publicUrl }: ApiDeps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const token = getCookie(c, cookieName) ?? '';
    const { merchant } = await openLink(db, token);
    if (c.req.method !== 'GET' && !isOwnForm(c, publicUrl)) {
      throw new Problem('portal-link-ended', 'The form was not sent from these pages.');
    }
    c.set('merchant', merchant);
    await next();
  };
}

/** Exchanges the token in the URL for the cookie and redirects. */
export async function enterPortal(c: Context<AppEnv>, { db, publicUrl }: ApiDeps, token: string) {
  const { expiresAt } = await openLink(db, token);
  setCookie(c, cookieName, token, {
    path: '/portal',
    httpOnly: true,
    sameSite: 'Strict',
    secure: publicUrl.startsWith('https:'),
    expires: expiresAt,
  });
  return c.redirect('/portal', 303);
}

async function openLink(db: Database, token: string) {
  const found = tokenPattern.test(token)
    ? await findPortalMerchant(db, { tokenHash: hashOf(token) })
    : undefined;
  if (!found) throw new Problem('portal-link-ended', 'This link has expired or is invalid.');
  return found;
}

function isOwnForm(c: Context<AppEnv>, publicUrl: string): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = c.req.header('origin');
  return origin === new URL(publicUrl).origin || origin === new URL(c.req.url).origin;
}
