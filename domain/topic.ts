import { compileFilter } from './filter.ts';
import type { Filter } from './filter.ts';
import type { MerchantId } from './ids.ts';
import { merchantsOf } from './participant.ts';
import type { Address, Participant } from './participant.ts';

/** A member of a topic. Without a filter it gets every message. */
export type TopicMember = Participant & { filter: Filter | null };

/**
 * The merchants that receive a message: those of every member except the sender whose filter accepts it, each once.
 * `event` is the envelope `{ type, data }` that filters read. Yields before each filter.
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
