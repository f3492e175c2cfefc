import { compileFilter } from './filter.ts';
import type { Filter } from './filter.ts';
import type { MerchantId } from './ids.ts';
import { merchantsOf } from './participant.ts';
import type { Address, Participant } from './participant.ts';

/** A member of a topic. Without a filter every message is for it. */
export type TopicMember = Participant & { filter: Filter | null };

/**
 * Whose feeds a message goes to: the merchants of every member but the sender whose filter lets it
 * through, each once. `event` is the envelope `{ type, data }` that filters look at. A step for each filter.
 */
export function* fanOut(input: {
  members: readonly TopicMember[];
  sender: Address;
  event: unknown;
}): Generator<undefined, MerchantId[]> {
  const { members, sender, event } = input;
  const wanting: TopicMember[] = [];
  for (const member of members) {
    if (member.address === sender) continue;
    if (member.filter) {
      yield;
      if (!compileFilter(member.filter)(event)) continue;
    }
    wanting.push(member);
  }
  return merchantsOf(wanting);
}
