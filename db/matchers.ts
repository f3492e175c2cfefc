import { and, eq, isNull, ne } from 'drizzle-orm';
import { compileStepMatcher } from '../domain/matching.ts';
import type { StepMatcher } from '../domain/matching.ts';
import type { EndpointId, MerchantId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import type { Endpoint } from './queries/endpoints.ts';
import { endpoints } from './schema/endpoints.ts';

export type MerchantMatcher = {
  matches: StepMatcher<Endpoint>;
  known: ReadonlyMap<EndpointId, Endpoint>;
};

export type Matchers = {
  /** The compiled subscriptions of a merchant's endpoints, as of `version` or later. */
  of(db: Database, merchant: { id: MerchantId; version: number }): Promise<MerchantMatcher>;
};

const keptMerchants = 1_000;

/**
 * Caches compiled subscriptions by merchant until `merchants.endpoints_version` is newer. Excludes the endpoints of
 * single orders (a `notifyUrl`), which are found by their order.
 */
export function createMatchers(): Matchers {
  const kept = new Map<MerchantId, MerchantMatcher & { version: number }>();
  return {
    async of(db, { id, version }) {
      const known = kept.get(id);
      if (known && known.version >= version) return known;
      const rows = await db
        .select()
        .from(endpoints)
        .where(
          and(
            eq(endpoints.merchantId, id),
            isNull(endpoints.resourceId),
            ne(endpoints.status, 'disabled'),
          ),
        );
      const fresh = {
        version,
        matches: compileStepMatcher(rows),
        known: new Map(rows.map((row) => [row.id, row])),
      };
      if (kept.size >= keptMerchants) kept.clear();
      kept.set(id, fresh);
      return fresh;
    },
  };
}
