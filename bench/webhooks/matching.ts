import { compileMatcher } from '../../domain/matching.ts';
import { round } from '../shared/cpu.ts';
import { bodyOf } from '../relay/add-events.ts';

const endpoints = 10_000;
const filters = 1_000;
const types = 100;

/** Measures matching an event against 10,000 endpoints of one merchant, 1,000 of them with a filter. */
export function measureMatching() {
  const subscription = (n: number) => ({
    eventTypes: [`bench.t${n % types}`],
    channels: [],
    filter:
      n < filters ? { 'data.status': { $in: ['paid', 'closed'] }, 'data.id': `ord_${n}` } : null,
    ordering: 'none' as const,
    rules: [],
  });
  const many = Array.from({ length: endpoints }, (_, n) => subscription(n));
  const compiledMs = time(() => void compileMatcher(many));
  const usPerEvent = (subscriptions: typeof many) => {
    const matches = compileMatcher(subscriptions);
    const events = Array.from({ length: 2_000 }, (_, n) => ({
      type: `bench.t${n % types}`,
      channels: [],
      body: bodyOf(`evt_${n}`),
    }));
    for (const event of events.slice(0, types)) matches(event);
    return (time(() => events.forEach((event) => void matches(event))) * 1_000) / events.length;
  };
  const one = usPerEvent(many.slice(0, 1));
  const all = usPerEvent(many);
  const unfiltered = usPerEvent(many.slice(filters));
  return {
    endpoints,
    filters,
    types,
    compileMs: round(compiledMs),
    usPerEvent: { one: round(one), all: round(all), withoutFilters: round(unfiltered) },
  };
}

function time(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}
