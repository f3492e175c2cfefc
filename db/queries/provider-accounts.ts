import { asc, eq, sql } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import { sealContext } from '../sealed-columns.ts';
import type { Sealer } from '../sealed.ts';

export type ProviderAccount = {
  id: AccountId;
  merchantId: MerchantId;
  provider: string;
  settings: Record<string, string>;
  credentials: Record<string, string>;
};

/** The limits of an account's use, and its rank among others. */
export type AccountTerms = Partial<
  Pick<
    typeof providerAccounts.$inferInsert,
    'methods' | 'currencies' | 'leastMinor' | 'mostMinor' | 'priority' | 'weight' | 'enabled'
  >
>;

const credentialsContext = (id: AccountId) => sealContext('provider_accounts.credentials', id);

export async function insertProviderAccount(
  { db, sealer }: { db: Database; sealer: Sealer },
  input: Omit<ProviderAccount, 'id'> & { terms?: AccountTerms },
): Promise<ProviderAccount> {
  const id = newId('account');
  const sealedCredentials = sealer.seal(JSON.stringify(input.credentials), credentialsContext(id));
  await db.insert(providerAccounts).values({
    id,
    merchantId: input.merchantId,
    provider: input.provider,
    settings: input.settings,
    sealedCredentials,
    ...input.terms,
  });
  const { merchantId, provider, settings, credentials } = input;
  return { id, merchantId, provider, settings, credentials };
}

/** An account with its decrypted credentials. */
export async function findProviderAccount(
  { db, sealer }: { db: Database; sealer: Sealer },
  { accountId }: { accountId: AccountId },
): Promise<ProviderAccount | undefined> {
  const [row] = await db.select().from(providerAccounts).where(eq(providerAccounts.id, accountId));
  if (!row) return undefined;
  const credentials = JSON.parse(sealer.open(row.sealedCredentials, credentialsContext(row.id)));
  return {
    id: row.id,
    merchantId: row.merchantId,
    provider: row.provider,
    settings: row.settings,
    credentials,
  };
}

const ofMerchant = preparedOnce('accounts_of_merchant', (db, name) =>
  db
    .select({
      id: providerAccounts.id,
      provider: providerAccounts.provider,
      enabled: providerAccounts.enabled,
      methods: providerAccounts.methods,
      currencies: providerAccounts.currencies,
      leastMinor: providerAccounts.leastMinor,
      mostMinor: providerAccounts.mostMinor,
      priority: providerAccounts.priority,
      weight: providerAccounts.weight,
    })
    .from(providerAccounts)
    .where(eq(providerAccounts.merchantId, sql.placeholder('merchantId')))
    .orderBy(asc(providerAccounts.id))
    .prepare(name),
);

/** A merchant's accounts, oldest first, without their secrets. */
export function listAccountsOf(db: Database, input: { merchantId: MerchantId }) {
  return ofMerchant(db).execute(input);
}

/** An account of any merchant, without its secrets; undefined if there is none. */
export async function readAccount(db: Database, { accountId }: { accountId: AccountId }) {
  const [row] = await db
    .select({
      id: providerAccounts.id,
      merchantId: providerAccounts.merchantId,
      provider: providerAccounts.provider,
    })
    .from(providerAccounts)
    .where(eq(providerAccounts.id, accountId));
  return row;
}

/** All enabled accounts. */
export function listAccounts(db: Database) {
  return db
    .select({
      id: providerAccounts.id,
      merchantId: providerAccounts.merchantId,
      provider: providerAccounts.provider,
    })
    .from(providerAccounts)
    .where(eq(providerAccounts.enabled, true))
    .orderBy(asc(providerAccounts.id));
}
