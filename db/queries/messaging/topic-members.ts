import { and, asc, eq, sql } from 'drizzle-orm';
import { bare } from '../../columns.ts';
import type { Filter } from '../../../domain/filter.ts';
import type { MerchantId, TopicId } from '../../../domain/ids.ts';
import type { Address, Participant } from '../../../domain/participant.ts';
import type { Database } from '../../database.ts';
import { topicMembers, topics } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';

export type Member = typeof topicMembers.$inferSelect;

export const mostMembers = 1_000;

export type PutMemberResult =
  | { kind: 'added' | 'changed'; member: Member }
  | { kind: 'none' }
  | { kind: 'full' };

/** Adds a member to an owned topic, or changes its filter. Under the topic's row lock. */
export function putMember(
  db: Database,
  input: {
    merchantId: MerchantId;
    topicId: TopicId;
    participant: Participant;
    filter: Filter | null;
  },
): Promise<PutMemberResult> {
  const { merchantId, topicId, filter } = input;
  const { address, merchantId: memberId } = input.participant;
  return db.transaction(async (tx) => {
    const isOwned = and(eq(topics.id, topicId), eq(topics.merchantId, merchantId));
    const [topic] = await tx.select({ id: topics.id }).from(topics).where(isOwned).for('update');
    if (!topic) return { kind: 'none' };
    const [changed] = await tx
      .update(topicMembers)
      .set({ filter })
      .where(and(eq(topicMembers.topicId, topicId), eq(topicMembers.address, address)))
      .returning();
    if (changed) return { kind: 'changed', member: changed };
    const count = await tx.$count(topicMembers, eq(topicMembers.topicId, topicId));
    if (count >= mostMembers) return { kind: 'full' };
    const [member] = await tx
      .insert(topicMembers)
      .values({ topicId, address, merchantId: memberId, filter })
      .returning();
    return { kind: 'added', member: member! };
  });
}

/** Removes a member: the owner may remove any, a member itself. False if there is none that the caller may remove. */
export async function removeMember(
  db: Database,
  input: { merchantId: MerchantId; topicId: TopicId; address: Address },
): Promise<boolean> {
  const { merchantId, topicId, address } = input;
  const { rowCount } = await db.execute(sql`
    delete from ${topicMembers} using ${topics}
    where ${topics.id} = ${topicMembers.topicId} and ${topics.id} = ${topicId}
      and ${topicMembers.address} = ${address}
      and (${topics.merchantId} = ${merchantId} or ${topicMembers.merchantId} = ${merchantId})`);
  return rowCount === 1;
}

/** Members in the order of joining. The caller has checked access to the topic. */
export function listMembers(
  db: Database | Transaction,
  { topicId }: { topicId: TopicId },
): Promise<Member[]> {
  return db
    .select()
    .from(topicMembers)
    .where(eq(topicMembers.topicId, topicId))
    .orderBy(asc(topicMembers.joinedAt), asc(topicMembers.address));
}

/** Moves a member's read cursor, forward only. Undefined if it is not a member of the caller's. */
export async function moveCursor(
  db: Database,
  input: { merchantId: MerchantId; topicId: TopicId; address: Address; cursor: number },
): Promise<Member | undefined> {
  const { merchantId, topicId, address, cursor } = input;
  const [member] = await db
    .update(topicMembers)
    .set({
      // Not beyond the last message.
      cursor: sql`greatest(${topicMembers.cursor}, least(${cursor}::bigint,
        (select ${topics.lastSeq} from ${topics} where ${topics.id} = ${topicId})))`,
      lastSeenAt: sql`now()`,
    })
    .where(
      and(
        eq(topicMembers.topicId, topicId),
        eq(topicMembers.address, address),
        eq(topicMembers.merchantId, merchantId),
      ),
    )
    .returning();
  return member;
}

const seenAgainAfterSeconds = 10;

/** Records that a merchant's members were active, at most every ten seconds, because a write costs more than a read. */
export async function markSeen(
  db: Database | Transaction,
  { merchantId, topicId }: { merchantId: MerchantId; topicId: TopicId },
): Promise<void> {
  await db.execute(sql`
    update ${topicMembers} set ${bare(topicMembers.lastSeenAt)} = now()
    where ${topicMembers.topicId} = ${topicId} and ${topicMembers.merchantId} = ${merchantId}
      and (last_seen_at is null
        or last_seen_at < now() - make_interval(secs => ${seenAgainAfterSeconds}))`);
}
