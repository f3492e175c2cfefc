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
  /** Columns between which a sealed text may move. */
  columns: readonly PgColumn[];
};

/**
 * All sealed columns by context name. Every context needs an entry here, so a key rotation finds everything that is
 * sealed.
 */
const registry = {
  // Sealed separately, before and after everything else: `rotate-keys.ts`.
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

/** The context that a text is sealed with: it opens only in this row and for this use. */
export function sealContext(name: SealedName, id: string): SealContext {
  return `${id}:${name}` as SealContext;
}
