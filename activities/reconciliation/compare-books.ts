import { compareStatement } from '../../db/queries/compare-statement.ts';
import { findStatement } from '../../db/queries/load-statement.ts';
import { readAccount } from '../../db/queries/provider-accounts.ts';
import { readReconciliation } from '../../db/queries/reconciliations.ts';
import type { Day } from '../../db/queries/statement-pairs.ts';
import { wantedStatements } from '../../db/queries/wanted-statements.ts';
import type { ReconciliationId } from '../../domain/ids.ts';
import { dateIn } from '../../domain/reconciliation.ts';
import { findDefinition } from '../../providers/registry.ts';
import type { ReconcileProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';

type Input = { reconciliationId: ReconciliationId };

/** Compares a day's statement with our books and lists the differences. Idempotent. */
export async function compareBooks(
  { db }: ActivityDeps,
  { reconciliationId: id }: Input,
): Promise<ReconcileProgress> {
  const run = await compareStatement(db, { id, day: await dayOf({ db }, id) });
  const { round, entryCount, matchedCount, healedCount, differenceCount } = run;
  return { round, entryCount, matchedCount, healedCount, differenceCount };
}

/** The other days' statements that are needed to decide whether a movement is missing. */
export async function findWantedStatements(
  { db }: ActivityDeps,
  { reconciliationId: id }: Input,
): Promise<{ dates: string[] }> {
  const day = await dayOf({ db }, id);
  const dates = await wantedStatements(db, { day, today: dateIn(day.timeZone, Date.now()) });
  return { dates };
}

async function dayOf({ db }: Pick<ActivityDeps, 'db'>, id: ReconciliationId): Promise<Day> {
  const { accountId, date } = await readReconciliation(db, { id });
  const [account, statement] = await Promise.all([
    readAccount(db, { accountId }),
    findStatement(db, { accountId, date }),
  ]);
  const definition = account && findDefinition(account.provider);
  if (!definition) throw new Error(`account ${accountId} has an unknown provider`);
  if (!statement) throw new Error(`the statement of ${date} is not loaded`);
  const { timeZone } = definition.statements;
  return { accountId, date, timeZone, statementId: statement.id };
}
