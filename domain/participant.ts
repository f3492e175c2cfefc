import type { EndpointId, MerchantId } from './ids.ts';

/** Who takes part in a conversation: a merchant, or one endpoint of a merchant's. */
export type Address = MerchantId | EndpointId;

export type Participant = { address: Address; merchantId: MerchantId };

/**
 * As whom a merchant speaks: the one participant that is its own, or the one it names. Undefined where
 * it has none, and where it has several and names none.
 */
export function speakerAmong<P extends Participant>(
  participants: readonly P[],
  { merchantId, as }: { merchantId: MerchantId; as: Address | undefined },
): P | undefined {
  const own = participants.filter((one) => one.merchantId === merchantId);
  if (as !== undefined) return own.find(({ address }) => address === as);
  return own.length === 1 ? own[0] : own.find(({ address }) => address === merchantId);
}

/** The merchants of some participants, each once. */
export function merchantsOf(participants: readonly Participant[]): MerchantId[] {
  return [...new Set(participants.map(({ merchantId }) => merchantId))];
}
