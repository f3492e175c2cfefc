import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../problems.ts';

/** A rate limit per key, counted in this process. */
export type Rate = {
  /** Counts one. Returns the `RateLimit` header fields. Throws a 429 problem above the limit. */
  take(key: string): Promise<Record<string, string>>;
  /** True if one more would exceed the limit; counts nothing. */
  isExceeded(key: string): Promise<boolean>;
};

/**
 * `name` is the limit's name in the `RateLimit` header fields (draft-ietf-httpapi-ratelimit-headers) and in the
 * problem, `what` its description.
 */
export function createRate(input: {
  name: string;
  what: string;
  max: number;
  perSeconds: number;
}): Rate {
  const { name, what, max, perSeconds } = input;
  const limiter = new RateLimiterMemory({ points: max, duration: perSeconds });
  const policy = `"${name}";q=${max};w=${perSeconds}`;
  const fieldsOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes) => ({
    'ratelimit-policy': policy,
    ratelimit: `"${name}";r=${Math.max(remainingPoints, 0)};t=${secondsOf(msBeforeNext)}`,
  });

  return {
    async take(key) {
      try {
        return fieldsOf(await limiter.consume(key));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        const fields = fieldsOf(refused);
        const seconds = secondsOf(refused.msBeforeNext);
        throw tooMany(`At max ${max} ${what}.`, { name, seconds, fields });
      }
    },
    async isExceeded(key) {
      const found = await limiter.get(key);
      return found !== null && found.consumedPoints >= max;
    },
  };
}

/** The 429 problem of a limit, with `Retry-After`. */
export function tooMany(
  detail: string,
  input: { name: string; seconds: number; fields?: Record<string, string> },
): Problem {
  return new Problem('too-many-requests', detail, {
    extensions: { limit: input.name },
    headers: { ...input.fields, 'retry-after': String(input.seconds) },
  });
}

const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1_000));
