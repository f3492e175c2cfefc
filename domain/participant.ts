import type { EndpointId, MerchantId } from './ids.ts';

/** A party of a conversation: a merchant, or one of a merchant's endpoints. */
export type Address = MerchantId | EndpointId;

export type Participant = { address: Address; merchantId: MerchantId };

/**
 * The participant that a merchant speaks for: the named one, else its only one, else the merchant itself. Undefined if
 * there is none.
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
