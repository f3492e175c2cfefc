import { and, desc, eq } from 'drizzle-orm';
import type { MerchantId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { contacts } from '../../schema/messaging.ts';

export type Contact = typeof contacts.$inferSelect;
type Pair = { merchantId: MerchantId; contactId: MerchantId };

const isThis = ({ merchantId, contactId }: Pair) =>
  and(eq(contacts.merchantId, merchantId), eq(contacts.contactId, contactId));

/** Allows `contactId` to write to `merchantId`, whether or not such a merchant exists. */
export async function allowContact(
  db: Database,
  pair: Pair,
): Promise<{ contact: Contact; isNew: boolean }> {
  const [added] = await db.insert(contacts).values(pair).onConflictDoNothing().returning();
  if (added) return { contact: added, isNew: true };
  const [known] = await db.select().from(contacts).where(isThis(pair));
  // Withdrawn in between: equivalent to allowing and then withdrawing.
  return { contact: known ?? { ...pair, createdAt: new Date() }, isNew: false };
}

export async function withdrawContact(db: Database, pair: Pair): Promise<boolean> {
  const { rowCount } = await db.delete(contacts).where(isThis(pair));
  return rowCount === 1;
}

export function listContacts(
  db: Database,
  { merchantId, limit }: { merchantId: MerchantId; limit: number },
): Promise<Contact[]> {
  return db
    .select()
    .from(contacts)
    .where(eq(contacts.merchantId, merchantId))
    .orderBy(desc(contacts.createdAt))
    .limit(limit);
}
