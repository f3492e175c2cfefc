import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../problems.ts';

/** So many in a time, for each key; counted in this process. */
export type Rate = {
  /** Counts one. Throws the 429 where that is too many. Gives the `RateLimit` fields that say what is left. */
  take(key: string): Promise<Record<string, string>>;
  /** Whether one more would be too many; counts nothing. */
  isExceeded(key: string): Promise<boolean>;
};

/**
 * `name` stands in the `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers) and in the problem; `what` says it
 * in words.
 */
export function createRate(input: {
  name: string;
  what: string;
  most: number;
  perSeconds: number;
}): Rate {
  const { name, what, most, perSeconds } = input;
  const limiter = new RateLimiterMemory({ points: most, duration: perSeconds });
  const policy = `"${name}";q=${most};w=${perSeconds}`;
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
        throw tooMany(`At most ${most} ${what}.`, { name, seconds, fields });
      }
    },
    async isExceeded(key) {
      const found = await limiter.get(key);
      return found !== null && found.consumedPoints >= most;
    },
  };
}

/** The 429 of a limit by its name; it may be tried again after so many seconds. */
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
