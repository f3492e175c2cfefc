import type { Priority, Qos } from './delivery.ts';
import { priorityRank } from './delivery.ts';
import { matchesAny } from './events.ts';
import { compileFilter } from './filter.ts';
import type { Filter } from './filter.ts';

/** What an endpoint wants to hear, and how. */
export type Subscription = {
  eventTypes: readonly string[];
  /** Empty: every channel, and events without one. */
  channels: readonly string[];
  filter: Filter | null;
  ordering: 'none' | 'resource';
  rules: readonly SubscriptionRule[];
};

type SubscriptionRule = {
  eventTypes: readonly string[];
  priority?: Priority | undefined;
  ttlSeconds?: number | undefined;
  latestOnly?: boolean | undefined;
  qos?: Qos | undefined;
};

export type MatchableEvent = {
  type: string;
  channels: readonly string[];
  /** The envelope as JSON; parsed only where a filter asks. */
  body: string;
};

/** How one event goes to one endpoint. `priority`: smaller goes first. */
export type Match<S> = {
  subscription: S;
  priority: number;
  ttlSeconds: number | undefined;
  isLatestOnly: boolean;
  isAtMostOnce: boolean;
  isOrdered: boolean;
};

export type Matcher<S> = (event: MatchableEvent) => Match<S>[];

const keptTypes = 1_000;

/**
 * Compiles what many endpoints want into one matcher: patterns are looked at once a type, filters are
 * compiled once, and an event's payload is parsed at most once, and only where somebody filters.
 */
export function compileMatcher<S extends Subscription>(subscriptions: readonly S[]): Matcher<S> {
  const compiled = subscriptions.map((subscription) => ({
    subscription,
    accepts: subscription.filter ? compileFilter(subscription.filter) : undefined,
  }));
  const byType = new Map<string, Candidate<S>[]>();

  function candidatesFor(type: string): Candidate<S>[] {
    const known = byType.get(type);
    if (known) return known;
    const candidates = compiled
      .filter(({ subscription }) => matchesAny(subscription.eventTypes, type))
      .map(({ subscription, accepts }) => ({ match: matchOf(subscription, type), accepts }));
    // Publishers make up types; what is remembered of them is bounded.
    if (byType.size >= keptTypes) byType.clear();
    byType.set(type, candidates);
    return candidates;
  }

  return ({ type, channels, body }) => {
    let parsed: unknown;
    const payload = () => (parsed ??= JSON.parse(body));
    const matches: Match<S>[] = [];
    for (const { match, accepts } of candidatesFor(type)) {
      const wanted = match.subscription.channels;
      if (wanted.length > 0 && !channels.some((channel) => wanted.includes(channel))) continue;
      if (accepts && !accepts(payload())) continue;
      matches.push(match);
    }
    return matches;
  };
}

type Candidate<S> = { match: Match<S>; accepts: ((event: unknown) => boolean) | undefined };

function matchOf<S extends Subscription>(subscription: S, type: string): Match<S> {
  const rules = subscription.rules.filter((rule) => matchesAny(rule.eventTypes, type));
  const first = <K extends keyof SubscriptionRule>(name: K) =>
    rules.find((rule) => rule[name] !== undefined)?.[name];
  return {
    subscription,
    priority: priorityRank[first('priority') ?? 'normal'],
    ttlSeconds: first('ttlSeconds'),
    isLatestOnly: first('latestOnly') ?? false,
    isAtMostOnce: first('qos') === 'at_most_once',
    isOrdered: subscription.ordering === 'resource',
  };
}
