import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { SealContext } from './sealed.ts';
import { endpoints } from './schema/endpoints.ts';
import { idempotencyAnswers } from './schema/idempotency-answers.ts';
import { keyCheck } from './schema/key-check.ts';
import { merchants } from './schema/merchants.ts';
import { providerAccounts } from './schema/provider-accounts.ts';

type SealedColumns = {
  table: PgTable;
  id: PgColumn;
  /** What may stand in the one may stand in the others. */
  columns: readonly PgColumn[];
};

/**
 * Everything that is sealed, by what it is bound to beside its row. There is no context without an entry, so nothing
 * can be sealed that a rotation of keys does not find.
 */
const registry = {
  // Sealed again by itself, before and after everything else: `rotate-keys.ts`.
  'key_check.value': { table: keyCheck, id: keyCheck.id, columns: [keyCheck.sealedValue] },
  'endpoints.secret': {
    table: endpoints,
    id: endpoints.id,
    columns: [endpoints.sealedSecret, endpoints.previousSealedSecret],
  },
  'endpoints.access': { table: endpoints, id: endpoints.id, columns: [endpoints.sealedAccess] },
  'merchants.signing_secret': {
    table: merchants,
    id: merchants.id,
    columns: [merchants.sealedSigningSecret],
  },
  'provider_accounts.credentials': {
    table: providerAccounts,
    id: providerAccounts.id,
    columns: [providerAccounts.sealedCredentials],
  },
  'idempotency_answers.answer': {
    table: idempotencyAnswers,
    id: idempotencyAnswers.id,
    columns: [idempotencyAnswers.sealedAnswer],
  },
} satisfies Readonly<Record<string, SealedColumns>>;

export type SealedName = keyof typeof registry;

export const sealedColumns: Readonly<Record<SealedName, SealedColumns>> = registry;

export const sealedNames = Object.keys(registry) as SealedName[];

/** What a sealed text is bound to: it opens in this row and for this use alone. */
export function sealContext(name: SealedName, id: string): SealContext {
  return `${id}:${name}` as SealContext;
}
