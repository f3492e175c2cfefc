import { compileFilter } from './filter.ts';
import type { Filter } from './filter.ts';
import type { MerchantId } from './ids.ts';
import { merchantsOf } from './participant.ts';
import type { Address, Participant } from './participant.ts';

/** A member of a topic. Without a filter every message is for it. */
export type TopicMember = Participant & { filter: Filter | null };

/**
 * Whose feeds a message goes to: the merchants of every member but the sender whose filter lets it
 * through, each once. `event` is the envelope `{ type, data }` that filters look at.
 */
export function fanOut(input: {
  members: readonly TopicMember[];
  sender: Address;
  event: unknown;
}): MerchantId[] {
  const { members, sender, event } = input;
  return merchantsOf(
    members.filter(
      ({ address, filter }) => address !== sender && (!filter || compileFilter(filter)(event)),
    ),
  );
}
