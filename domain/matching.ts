import { atOnce } from './at-once.ts';
import type { Priority, Qos } from './delivery.ts';
import { priorityRank } from './delivery.ts';
import { matchesAny } from './events.ts';
import { compileFilter } from './filter.ts';
import type { Filter } from './filter.ts';

/** Which events an endpoint receives, and how. */
export type Subscription = {
  eventTypes: readonly string[];
  /** Empty: all channels, and events without a channel. */
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
  /** The envelope as JSON; parsed only if a filter needs it. */
  body: string;
};

/** How one event is delivered to one endpoint. A smaller `priority` goes first. */
export type Match<S> = {
  subscription: S;
  priority: number;
  ttlSeconds: number | undefined;
  isLatestOnly: boolean;
  isAtMostOnce: boolean;
  isOrdered: boolean;
};

export type Matcher<S> = (event: MatchableEvent) => Match<S>[];

/**
 * Returns the matches directly if no filter applies to the event's type, else a generator that yields before each
 * filter.
 */
export type StepMatcher<S> = (
  event: MatchableEvent,
) => Match<S>[] | Generator<undefined, Match<S>[]>;

const keptTypes = 1_000;

/** Compiles the subscriptions of few endpoints into one matcher, as `compileStepMatcher` does. */
export function compileMatcher<S extends Subscription>(subscriptions: readonly S[]): Matcher<S> {
  const match = compileStepMatcher(subscriptions);
  return (event) => {
    const matches = match(event);
    return Array.isArray(matches) ? matches : atOnce(matches);
  };
}

/**
 * Compiles the subscriptions of many endpoints into one matcher. Patterns are tested once per event type, filters are
 * compiled once, and an event's payload is parsed at most once and only for a filter.
 */
export function compileStepMatcher<S extends Subscription>(
  subscriptions: readonly S[],
): StepMatcher<S> {
  const compiled = subscriptions.map((subscription) => ({
    subscription,
    accepts: subscription.filter ? compileOnFirstUse(subscription.filter) : undefined,
  }));
  const byType = new Map<string, Candidates<S>>();

  function candidatesFor(type: string): Candidates<S> {
    const known = byType.get(type);
    if (known) return known;
    const all = compiled
      .filter(({ subscription }) => matchesAny(subscription.eventTypes, type))
      .map(({ subscription, accepts }) => ({ match: matchOf(subscription, type), accepts }));
    const candidates = { all, hasFilter: all.some(({ accepts }) => accepts !== undefined) };
    // Publishers choose event types freely, so the cache is bounded.
    if (byType.size >= keptTypes) byType.clear();
    byType.set(type, candidates);
    return candidates;
  }

  return (event) => {
    const { all, hasFilter } = candidatesFor(event.type);
    if (hasFilter) return filterInSteps(all, event);
    const matches: Match<S>[] = [];
    for (const candidate of all) {
      if (isOnChannel(candidate, event.channels)) matches.push(candidate.match);
    }
    return matches;
  };
}

/** Compiles the filter on first use, and so in a step of its own: a merchant may have any number of filters. */
function compileOnFirstUse(filter: Filter): (event: unknown) => boolean {
  let accepts: ((event: unknown) => boolean) | undefined;
  return (event) => (accepts ??= compileFilter(filter))(event);
}

function* filterInSteps<S extends Subscription>(
  candidates: readonly Candidate<S>[],
  { channels, body }: MatchableEvent,
): Generator<undefined, Match<S>[]> {
  let parsed: unknown;
  const matches: Match<S>[] = [];
  for (const candidate of candidates) {
    if (!isOnChannel(candidate, channels)) continue;
    if (candidate.accepts) {
      yield;
      parsed ??= JSON.parse(body);
      if (!candidate.accepts(parsed)) continue;
    }
    matches.push(candidate.match);
  }
  return matches;
}

function isOnChannel<S extends Subscription>(
  { match }: Candidate<S>,
  channels: readonly string[],
): boolean {
  const wanted = match.subscription.channels;
  return wanted.length === 0 || channels.some((channel) => wanted.includes(channel));
}

type Candidates<S> = { all: readonly Candidate<S>[]; hasFilter: boolean };
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
