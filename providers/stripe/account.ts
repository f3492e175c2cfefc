import { Stripe } from 'stripe';
import type { z } from 'zod';
import { ProviderFault } from '../faults.ts';
import { faultOf, isReplayedFailure, unreadable } from './errors.ts';
import { OneShotHttpClient } from './transport.ts';

export type StripeMode = 'live' | 'test';

/** One Stripe account, as all calls of this folder are handed it. */
export type StripeAccount = { sdk: Stripe; accountId: string; mode: StripeMode };

export type StripeConfig = {
  /** Such as `https://api.stripe.com`. */
  apiUrl: string;
  /** acct_… */
  accountId: string;
  mode: StripeMode;
  secretKey: string;
  /** For a whole call. */
  timeoutMs?: number;
};

/** The official SDK, asking once, without telemetry. Its default timeout is 80 seconds. */
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

/** An answer read by its schema: what is not whole settles nothing. */
export function read<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.infer<Schema> {
  const words = schema.safeParse(answer);
  if (words.success) return words.data;
  throw unreadable('the answer is not what was asked for', words.error);
}

/** A test key finds test objects only, so this means that the account's settings contradict each other. */
export function assertMode({ mode }: StripeAccount, words: { livemode: boolean }): void {
  if (words.livemode === (mode === 'live')) return;
  throw new ProviderFault('misconfigured', 'livemode_mismatch', `Stripe: not in ${mode} mode`);
}

/** A read: whatever is thrown instead of the answer is a fault. */
export async function ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw faultOf(error);
  }
}

const keyLimit = 5;

/**
 * A write under an idempotency key of ours, always the same for the same thing. Stripe keeps the
 * first result of a key for at least 24 hours even if it was a 500 of its own, so that such a key
 * could never succeed. Only when it replays one, which shows that the first request is over, the
 * next key is taken; the caller sees to it, in `write`, that nothing was left behind by the first.
 * https://docs.stripe.com/api/idempotent_requests
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
