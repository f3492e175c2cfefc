import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';

/**
 * Sets the security headers of a page and returns the nonce for its style and script. Nothing else may run, no site may
 * frame the page, and no referrer leaks its URL, which can be a capability.
 */
export function securePage(
  c: Context<AppEnv>,
  { formTargets = [] }: { formTargets?: readonly string[] } = {},
): string {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formTargets.length > 0 ? formTargets.join(' ') : "'none'"}`,
    "frame-ancestors 'none'",
  ];
  c.header('content-security-policy', policy.join('; '));
  c.header('referrer-policy', 'no-referrer');
  c.header('x-content-type-options', 'nosniff');
  c.header('cache-control', 'no-store');
  return nonce;
}
