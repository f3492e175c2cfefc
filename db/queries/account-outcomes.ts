import { and, gt, inArray, lt, sql } from 'drizzle-orm';
import type { AccountId } from '../../domain/ids.ts';
import type { OutcomeBucket } from '../../domain/routing.ts';
import type { Database } from '../database.ts';
import { accountOutcomes } from '../schema/provider-accounts.ts';

const bucketSeconds = 10;
const keptSeconds = 120;

export type OutcomeCount = { accountId: AccountId; succeeded: number; failed: number };

/** Adds to each account's current bucket, and deletes buckets too old to count. */
export async function addOutcomes(db: Database, counts: readonly OutcomeCount[]): Promise<void> {
  if (counts.length === 0) return;
  const bucket = sql`to_timestamp(floor(extract(epoch from now()) / ${bucketSeconds}) * ${bucketSeconds})`;
  await db
    .insert(accountOutcomes)
    .values(counts.map((count) => ({ ...count, bucket })))
    .onConflictDoUpdate({
      target: [accountOutcomes.accountId, accountOutcomes.bucket],
      set: {
        succeeded: sql`${accountOutcomes.succeeded} + excluded.succeeded`,
        failed: sql`${accountOutcomes.failed} + excluded.failed`,
      },
    });
  await db
    .delete(accountOutcomes)
    .where(lt(accountOutcomes.bucket, sql`now() - make_interval(secs => ${keptSeconds})`));
}

/** The buckets of the last minutes, by account. */
export async function recentOutcomes(
  db: Database,
  { accountIds }: { accountIds: readonly AccountId[] },
): Promise<Map<AccountId, OutcomeBucket[]>> {
  const found = new Map<AccountId, OutcomeBucket[]>();
  if (accountIds.length === 0) return found;
  const rows = await db
    .select()
    .from(accountOutcomes)
    .where(
      and(
        inArray(accountOutcomes.accountId, [...accountIds]),
        gt(accountOutcomes.bucket, sql`now() - make_interval(secs => ${keptSeconds})`),
      ),
    );
  for (const { accountId, bucket, succeeded, failed } of rows) {
    const own = found.get(accountId) ?? [];
    found.set(accountId, [...own, { atMs: bucket.getTime(), succeeded, failed }]);
  }
  return found;
}
