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
  /** What a merchant's endpoints want, as of `version` or later. */
  of(db: Database, merchant: { id: MerchantId; version: number }): Promise<MerchantMatcher>;
};

const keptMerchants = 1_000;

/**
 * Keeps merchants' endpoints compiled for matching, until `merchants.endpoints_version` says that they
 * are stale. The endpoint of one order (a `notifyUrl`) is none of them: it is found by its order.
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
