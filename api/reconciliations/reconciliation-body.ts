import { z } from '@hono/zod-openapi';
import type { DifferenceRow } from '../../db/queries/differences.ts';
import {
  differenceKinds,
  differenceStatuses,
  statementSubjects,
} from '../../domain/reconciliation.ts';
import type { DifferenceKind } from '../../domain/reconciliation.ts';
import { timeSchema } from '../schemas.ts';

const time = timeSchema.nullable();
const kinds = Object.keys(differenceKinds) as DifferenceKind[];

export const differenceSchema = z
  .object({
    id: z.string().openapi({ example: 'dif_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('difference'),
    reconciliationId: z.string(),
    kind: z.enum(kinds),
    status: z.enum(differenceStatuses),
    about: z.enum(statementSubjects),
    outTradeNo: z.string().nullable().openapi({ description: 'Our payment number' }),
    refundNo: z.string().nullable(),
    disputeNo: z.string().nullable(),
    providerTradeNo: z.string().nullable(),
    providerRefundNo: z.string().nullable(),
    orderId: z.string().nullable(),
    paymentId: z.string().nullable(),
    refundId: z.string().nullable(),
    ours: z
      .object({
        status: z.string(),
        amountMinor: z.int(),
        currency: z.string(),
        ledgerMinor: z.int().openapi({ description: 'The amount in the ledger' }),
      })
      .nullable()
      .openapi({ description: 'Our records; null without one' }),
    theirs: z
      .object({ amountMinor: z.int(), currency: z.string(), lines: z.int() })
      .nullable()
      .openapi({ description: 'The statement; null without a line' }),
    action: z.string().openapi({ description: 'What the merchant should do' }),
    note: z.string().nullable().openapi({
      description:
        'Why it could not be resolved automatically; for an unreadable line, the line itself',
    }),
    healedBy: z.enum(['provider', 'meanwhile']).nullable().openapi({
      description:
        "`provider`: resolved by the provider's response; `meanwhile`: gone at a later run",
    }),
    healedAt: time,
    acknowledgedBy: z.string().nullable(),
    acknowledgedNote: z.string().nullable(),
    acknowledgedAt: time,
    createdAt: timeSchema,
  })
  .openapi('Difference');

/** A difference as the API returns it. */
export function differenceBody(row: DifferenceRow): z.infer<typeof differenceSchema> {
  return {
    id: row.id,
    object: 'difference',
    reconciliationId: row.reconciliationId,
    kind: row.kind,
    status: row.status,
    about: row.about,
    outTradeNo: row.outTradeNo,
    refundNo: row.about === 'refund' ? row.number : null,
    disputeNo: row.about === 'dispute' ? row.number : null,
    providerTradeNo: row.providerTradeNo,
    providerRefundNo: row.providerRefundNo,
    orderId: row.orderId,
    paymentId: row.paymentId,
    refundId: row.refundId,
    ours:
      row.oursStatus === null
        ? null
        : {
            status: row.oursStatus,
            amountMinor: row.oursMinor ?? 0,
            currency: row.oursCurrency ?? '',
            ledgerMinor: row.ledgerMinor ?? 0,
          },
    theirs:
      row.theirLines === null || row.theirsCurrency === null
        ? null
        : {
            amountMinor: row.theirsMinor ?? 0,
            currency: row.theirsCurrency ?? '',
            lines: row.theirLines,
          },
    action: differenceKinds[row.kind],
    note: row.note,
    healedBy: row.healedBy,
    healedAt: iso(row.healedAt),
    acknowledgedBy: row.acknowledgedBy,
    acknowledgedNote: row.acknowledgedNote,
    acknowledgedAt: iso(row.acknowledgedAt),
    createdAt: row.createdAt.toISOString(),
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
