import type { Database } from '../../db/database.ts';
import { findParticipant } from '../../db/queries/messaging/find-participant.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Address, Participant } from '../../domain/participant.ts';
import { notFound } from '../problems.ts';

/** Finds the participant at an address. Throws a 404 problem if the merchant may not know one. */
export async function participantAt(
  db: Database,
  { merchantId, address }: { merchantId: MerchantId; address: Address },
): Promise<Participant> {
  const participant = await findParticipant(db, { merchantId, address });
  if (!participant) throw notFound('participant', address);
  return participant;
}
