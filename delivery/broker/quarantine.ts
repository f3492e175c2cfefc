import type { EndpointId } from '../../domain/ids.ts';

/** Remembers the endpoints whose bytes ended a thread. */
export type Quarantine = {
  blame(endpointId: EndpointId): void;
  /** `apart`: in the thread for endpoints that ended one; `cooling`: nowhere for now. */
  placeOf(endpointId: EndpointId): 'among_others' | 'apart' | 'cooling';
};

type Record = { times: number; untilMs: number; coolsUntilMs: number };

const rememberedMs = 60 * 60_000;
const [firstCoolingMs, longestCoolingMs] = [30_000, 60 * 60_000];
const mostRemembered = 10_000;

/** The first time only moves the endpoint apart; each further time doubles the wait, from 30 s up to an hour. */
export function createQuarantine({ now = Date.now }: { now?: () => number } = {}): Quarantine {
  const records = new Map<EndpointId, Record>();

  return {
    blame(endpointId) {
      const times = (records.get(endpointId)?.times ?? 0) + 1;
      const coolingMs = times === 1 ? 0 : firstCoolingMs * 2 ** Math.min(times - 2, 10);
      records.delete(endpointId);
      const coolsUntilMs = now() + Math.min(coolingMs, longestCoolingMs);
      records.set(endpointId, { times, coolsUntilMs, untilMs: coolsUntilMs + rememberedMs });
      const [oldest] = records;
      if (oldest && records.size > mostRemembered) records.delete(oldest[0]);
    },
    placeOf(endpointId) {
      const record = records.get(endpointId);
      if (!record) return 'among_others';
      if (record.untilMs <= now()) records.delete(endpointId);
      if (record.untilMs <= now()) return 'among_others';
      return record.coolsUntilMs > now() ? 'cooling' : 'apart';
    },
  };
}
