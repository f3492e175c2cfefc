import { and, count, eq, lt, sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { ReconciliationId } from '../../domain/ids.ts';
import { judgePair } from '../../domain/reconciliation.ts';
import type { DifferenceKind, Pair } from '../../domain/reconciliation.ts';
import type { Database } from '../database.ts';
import {
  differences,
  reconciliations,
  statementEntries,
  statements,
} from '../schema/reconciliations.ts';
import type { Transaction } from '../transaction.ts';
import type { ReconciliationRow } from './reconciliations.ts';
import { pairColumns, pairsOf } from './statement-pairs.ts';
import type { Day, PairRow } from './statement-pairs.ts';

const batchSize = 1_000;

/** Pairs that are certainly equal stay in the database; the domain's rules judge all others. */
const isCertainlyEqual = sql`case
  when lines is null then other_days <> 'absent' and ledger_minor = our_minor
  else lines = 1 and our_status = 'succeeded' and their_minor = our_minor
    and their_currency = our_currency and ledger_minor = our_minor end`;

/**
 * Compares a day's statement with our books in one transaction. Inserts new differences, refreshes known ones, and
 * closes vanished ones as auto-resolved. Idempotent.
 */
export function compareStatement(
  db: Database,
  { id, day }: { id: ReconciliationId; day: Day },
): Promise<ReconciliationRow> {
  return db.transaction(async (tx) => {
    const [run] = await tx
      .update(reconciliations)
      .set({ round: sql`${reconciliations.round} + 1` })
      .where(eq(reconciliations.id, id))
      .returning();
    if (!run) throw new Error(`reconciliation ${id} does not exist`);
    await tx.execute(sql`declare suspects no scroll cursor for
      with ${pairsOf(day)} select ${pairColumns} from pairs where (${isCertainlyEqual}) is not true`);
    let differing = 0;
    for (;;) {
      const { rows } = await tx.execute<PairRow>(sql.raw(`fetch ${batchSize} from suspects`));
      const found = rows.flatMap((row) => {
        const kind = judgePair(asPair(row));
        return kind ? [{ row, kind }] : [];
      });
      differing += found.filter(({ row }) => row.lines !== null).length;
      await storeDifferences(tx, run, found);
      if (rows.length < batchSize) break;
    }
    await closeVanished(tx, run);
    return writeCounts(tx, run, { day, differing });
  });
}

function asPair(row: PairRow): Pair {
  return {
    about: row.about,
    ours: row.our_status && {
      status: row.our_status,
      amountMinor: row.our_minor ?? 0,
      currency: row.our_currency ?? '',
      ledgerMinor: row.ledger_minor ?? 0,
    },
    theirs:
      row.lines === null
        ? null
        : {
            lines: row.lines,
            amountMinor: row.their_minor ?? 0,
            currency: row.their_currency ?? '',
            isOverruled: row.is_overruled ?? false,
          },
    isPaymentOurs: row.payment_id !== null,
    otherDays: row.other_days,
  };
}

async function storeDifferences(
  tx: Transaction,
  run: ReconciliationRow,
  found: readonly { row: PairRow; kind: DifferenceKind }[],
): Promise<void> {
  if (found.length === 0) return;
  const latest = (column: string) => sql.raw(`excluded.${column}`);
  await tx
    .insert(differences)
    .values(
      found.map(({ row, kind }) => ({
        id: newId('difference'),
        merchantId: run.merchantId,
        reconciliationId: run.id,
        accountId: run.accountId,
        kind,
        about: row.about,
        number: row.number,
        outTradeNo: row.out_trade_no,
        providerTradeNo: row.provider_trade_no,
        providerRefundNo: row.provider_refund_no,
        orderId: row.order_id,
        paymentId: row.payment_id,
        refundId: row.refund_id,
        oursStatus: row.our_status,
        oursMinor: row.our_minor,
        oursCurrency: row.our_currency,
        ledgerMinor: row.our_status && row.ledger_minor,
        theirsMinor: row.their_minor,
        theirsCurrency: row.their_currency,
        theirLines: row.lines,
        note: row.about === 'line' ? row.note : null,
        round: run.round,
      })),
    )
    .onConflictDoUpdate({
      target: [differences.accountId, differences.about, differences.number, differences.kind],
      set: {
        reconciliationId: run.id,
        orderId: latest('order_id'),
        paymentId: latest('payment_id'),
        refundId: latest('refund_id'),
        oursStatus: latest('ours_status'),
        oursMinor: latest('ours_minor'),
        oursCurrency: latest('ours_currency'),
        ledgerMinor: latest('ledger_minor'),
        theirsMinor: latest('theirs_minor'),
        theirsCurrency: latest('theirs_currency'),
        theirLines: latest('their_lines'),
        round: run.round,
        status: sql`case when ${differences.status} = 'acknowledged' then 'acknowledged' else 'open' end`,
        healedBy: null,
        healedAt: null,
      },
      // A difference that belongs to another day's run is handled there.
      setWhere: sql`${differences.reconciliationId} = ${run.id} or ${differences.status} = 'healed'`,
    });
}

async function closeVanished(tx: Transaction, { id, round }: ReconciliationRow): Promise<void> {
  await tx
    .update(differences)
    .set({
      status: 'healed',
      note: null,
      healedAt: sql`now()`,
      healedBy: sql`case when ${differences.healTriedRound} = ${round - 1} then 'provider' else 'meanwhile' end`,
    })
    .where(
      and(
        eq(differences.reconciliationId, id),
        eq(differences.status, 'open'),
        lt(differences.round, round),
      ),
    );
}

async function writeCounts(
  tx: Transaction,
  { id }: ReconciliationRow,
  { day, differing }: { day: Day; differing: number },
): Promise<ReconciliationRow> {
  const [numbers] = await tx
    .select({ known: sql<number>`count(distinct (kind, number))::int` })
    .from(statementEntries)
    .where(eq(statementEntries.statementId, day.statementId));
  const [statement] = await tx
    .select({ entryCount: statements.entryCount })
    .from(statements)
    .where(eq(statements.id, day.statementId));
  const byStatus = await tx
    .select({ status: differences.status, count: count() })
    .from(differences)
    .where(eq(differences.reconciliationId, id))
    .groupBy(differences.status);
  const countOf = (wanted: string) => byStatus.find(({ status }) => status === wanted)?.count ?? 0;
  const [counted] = await tx
    .update(reconciliations)
    .set({
      entryCount: statement?.entryCount ?? 0,
      matchedCount: (numbers?.known ?? 0) - differing,
      healedCount: countOf('healed'),
      differenceCount: countOf('open'),
    })
    .where(eq(reconciliations.id, id))
    .returning();
  return counted!;
}
