import type { AccountId } from './ids.ts';

/** One provider account, as the router sees it. */
export type AccountOffer = {
  id: AccountId;
  provider: string;
  enabled: boolean;
  /** What the account may be used for; null is everything its provider can. */
  methods: string[] | null;
  currencies: string[] | null;
  leastMinor: number | null;
  mostMinor: number | null;
  /** Lower is asked first. */
  priority: number;
  /** Shares of the orders among accounts of one priority; 0 takes only what the others cannot. */
  weight: number;
  health: Health;
};

/** `open`: calls fail, keep away. `probing`: it failed a while ago, let a little through and see. */
export type Health = 'healthy' | 'probing' | 'open';

/** What an order needs of a way to be paid. `traits` are the provider's own about the method. */
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
  /** Names of what is known of the payer. */
  payerKnown: readonly string[];
  /** In the order of the merchant's preference. */
  methods: readonly MethodWanted[];
  /** Accounts that said no to this order: another method there is no other account. */
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
 * Every way an order could go, the one to take first: those that fit before those that do not, then
 * the merchant's preference of method, health, priority, and a draw by weight. `random` in [0, 1) is
 * asked once an account. Failing accounts come last rather than never: a merchant with one account
 * is better served by a try.
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

// One order in ten goes to an account that is being probed, and none otherwise.
const probeShare = 0.1;

function preferenceOfHealth(health: Health, isProbe: boolean): number {
  if (health === 'healthy' || (health === 'probing' && isProbe)) return 0;
  return health === 'probing' ? 1 : 2;
}

function routeOf(account: AccountOffer, order: OrderWanted, way: MethodWanted): Route {
  const { id: accountId, provider, health, priority, weight } = account;
  const verdict = verdictOf(account, order, way);
  return { accountId, provider, method: way.method, verdict, health, priority, weight };
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

/** Efraimidis and Spirakis, 2006: the smallest of -ln(u)/w is drawn with probability w over all. */
function drawOf(weight: number, random: number): number {
  return weight > 0 ? -Math.log(1 - random) / weight : Number.POSITIVE_INFINITY;
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((key, i) => key !== b[i]);
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

/** How an account's calls ended in one period; `atMs` is when it began. */
export type OutcomeBucket = { atMs: number; succeeded: number; failed: number };

const windowMs = 60_000;
const leastFailures = 5;
const worstRate = 0.5;
const restMs = 20_000;

/**
 * Judges an account by the last minute: half of its calls failed, and at least five, opens the
 * circuit; when the newest failure is 20 s old, a little is let through to see.
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
