import { Stripe } from 'stripe';
import type { z } from 'zod';
import { ProviderFault } from '../faults.ts';
import { faultOf, isReplayedFailure, unreadable } from './errors.ts';
import { OneShotHttpClient } from './transport.ts';

export type StripeMode = 'live' | 'test';

/** One Stripe account, passed to all functions of this folder. */
export type StripeAccount = { sdk: Stripe; accountId: string; mode: StripeMode };

export type StripeConfig = {
  /** Such as `https://api.stripe.com`. */
  apiUrl: string;
  /** acct_… */
  accountId: string;
  mode: StripeMode;
  secretKey: string;
  /** For a whole call, ms. */
  timeoutMs?: number;
};

/** Opens the official SDK, without retries and telemetry. The SDK's default timeout is 80 seconds. */
export function openAccount(config: StripeConfig): StripeAccount {
  const { apiUrl, accountId, mode, secretKey, timeoutMs = 10_000 } = config;
  const url = new URL(apiUrl);
  const isPlain = url.protocol === 'http:';
  const sdk = new Stripe(secretKey, {
    host: url.hostname,
    port: url.port || (isPlain ? 80 : 443),
    protocol: isPlain ? 'http' : 'https',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    httpClient: new OneShotHttpClient({ timeoutMs }),
  });
  return { sdk, accountId, mode };
}

/** Parses an answer by its schema; throws a ProviderFault for an incomplete one. */
export function read<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.infer<Schema> {
  const data = schema.safeParse(answer);
  if (data.success) return data.data;
  throw unreadable('the answer does not have the expected shape', data.error);
}

/** A test key finds only test objects, so a mismatch means contradictory account settings. */
export function assertMode({ mode }: StripeAccount, data: { livemode: boolean }): void {
  if (data.livemode === (mode === 'live')) return;
  throw new ProviderFault('misconfigured', 'livemode_mismatch', `Stripe: not in ${mode} mode`);
}

/** A read; any error becomes a ProviderFault. */
export async function ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw faultOf(error);
  }
}

const keyLimit = 5;

/**
 * A write under a fixed idempotency key. Stripe stores the first result of a key for at least 24 hours, even its own
 * 500, so such a key never succeeds. If Stripe replays a failure, the first request is over and the next key is used;
 * `write` has to check that the first left nothing behind. https://docs.stripe.com/api/idempotent_requests
 */
export async function underKey<Answer>(
  key: string,
  write: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> {
  for (let number = 1; ; number++) {
    try {
      return await write(number === 1 ? key : `${key}-${number}`);
    } catch (error) {
      if (!isReplayedFailure(error) || number === keyLimit) throw error;
    }
  }
}
