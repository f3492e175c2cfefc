import type { AccountId } from './ids.ts';

/** One provider account as an option for routing. */
export type AccountOffer = {
  id: AccountId;
  provider: string;
  enabled: boolean;
  /** The methods that the account may be used for; null for all of its provider's. */
  methods: string[] | null;
  currencies: string[] | null;
  leastMinor: number | null;
  mostMinor: number | null;
  /** Lower is tried first. */
  priority: number;
  /** Share of the orders among accounts of equal priority; 0 gets only orders that no other account can take. */
  weight: number;
  health: Health;
};

/**
 * A circuit breaker's state. `open`: calls fail and orders avoid the account. `probing`: some time after the last
 * failure a few orders are let through.
 */
export type Health = 'healthy' | 'probing' | 'open';

/** A payment method that the order accepts. `traits` describe the method at its provider. */
export type MethodWanted = {
  method: string;
  traits: {
    provider: string;
    currencies: readonly string[] | 'any';
    canAuthorize: boolean;
    needs: readonly string[];
  };
};

export type OrderWanted = {
  currency: string;
  amountMinor: number;
  capture: 'automatic' | 'manual';
  /** The known fields of the payer. */
  payerKnown: readonly string[];
  /** In the order of the merchant's preference. */
  methods: readonly MethodWanted[];
  /** Accounts that refused this order; they are not tried again with another method. */
  tried: readonly AccountId[];
};

export type RouteVerdict =
  | 'fits'
  | 'disabled'
  | 'method_not_offered'
  | 'currency_not_offered'
  | 'amount_below_least'
  | 'amount_above_most'
  | 'cannot_authorize'
  | 'payer_unknown'
  | 'already_tried';

export type Route = {
  accountId: AccountId;
  provider: string;
  method: string;
  verdict: RouteVerdict;
  health: Health;
  priority: number;
  weight: number;
};

/**
 * Ranks all payment routes of an order, best first: usable before unusable, then by health, the merchant's preference
 * of method, the account's priority, and a draw by weight. `random` in [0, 1) is called twice per account. Failing
 * accounts rank last but stay usable: a merchant with one account is better served by a try.
 */
export function rankRoutes(
  accounts: readonly AccountOffer[],
  order: OrderWanted,
  random: () => number,
): Route[] {
  const draws = new Map(accounts.map((account) => [account.id, drawOf(account.weight, random())]));
  const probes = new Map(accounts.map(({ id }) => [id, random() < probeShare]));
  const ranked = order.methods.flatMap(({ method, traits }, preference) =>
    accounts
      .filter(({ provider }) => provider === traits.provider)
      .map((account) => ({
        route: routeOf(account, order, { method, traits }),
        keys: [
          preferenceOfHealth(account.health, probes.get(account.id) ?? false),
          preference,
          account.priority,
          draws.get(account.id) ?? 0,
        ],
      })),
  );
  return ranked
    .sort(
      (a, b) =>
        Number(b.route.verdict === 'fits') - Number(a.route.verdict === 'fits') ||
        compareKeys(a.keys, b.keys),
    )
    .map(({ route }) => route);
}

// One order in ten may go to a probed account first.
const probeShare = 0.1;

function preferenceOfHealth(health: Health, isProbe: boolean): number {
  if (health === 'healthy' || (health === 'probing' && isProbe)) return 0;
  return health === 'probing' ? 1 : 2;
}

function routeOf(account: AccountOffer, order: OrderWanted, wanted: MethodWanted): Route {
  const { id: accountId, provider, health, priority, weight } = account;
  const verdict = verdictOf(account, order, wanted);
  return { accountId, provider, method: wanted.method, verdict, health, priority, weight };
}

function verdictOf(
  account: AccountOffer,
  order: OrderWanted,
  { method, traits }: MethodWanted,
): RouteVerdict {
  const offers = (list: readonly string[] | 'any' | null, one: string) =>
    list === null || list === 'any' || list.includes(one);
  if (!account.enabled) return 'disabled';
  if (!offers(account.methods, method)) return 'method_not_offered';
  if (!offers(traits.currencies, order.currency) || !offers(account.currencies, order.currency))
    return 'currency_not_offered';
  if (order.amountMinor < (account.leastMinor ?? 0)) return 'amount_below_least';
  if (order.amountMinor > (account.mostMinor ?? Number.MAX_SAFE_INTEGER))
    return 'amount_above_most';
  if (order.capture === 'manual' && !traits.canAuthorize) return 'cannot_authorize';
  if (traits.needs.some((need) => !order.payerKnown.includes(need))) return 'payer_unknown';
  return order.tried.includes(account.id) ? 'already_tried' : 'fits';
}

/**
 * Weighted sampling (Efraimidis and Spirakis, 2006): an account has the smallest -ln(u)/w with probability w over the
 * sum of weights.
 */
function drawOf(weight: number, random: number): number {
  return weight > 0 ? -Math.log(1 - random) / weight : Number.POSITIVE_INFINITY;
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((key, i) => key !== b[i]);
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

/** The results of an account's calls in one period; `atMs` is its start. */
export type OutcomeBucket = { atMs: number; succeeded: number; failed: number };

const windowMs = 60_000;
const leastFailures = 5;
const worstRate = 0.5;
const restMs = 20_000;

/**
 * Judges an account by the last minute. At least five failures and a failure rate of 50 % open the circuit; 20 s after
 * the newest failure some orders probe it.
 */
export function healthOf(buckets: readonly OutcomeBucket[], nowMs: number): Health {
  const recent = buckets.filter(({ atMs }) => atMs > nowMs - windowMs);
  const failed = recent.reduce((sum, bucket) => sum + bucket.failed, 0);
  const succeeded = recent.reduce((sum, bucket) => sum + bucket.succeeded, 0);
  if (failed < leastFailures || failed / (failed + succeeded) < worstRate) return 'healthy';
  const newestFailureMs = Math.max(
    ...recent.filter((bucket) => bucket.failed > 0).map(({ atMs }) => atMs),
  );
  return nowMs - newestFailureMs >= restMs ? 'probing' : 'open';
}
