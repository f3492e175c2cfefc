import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { DispatchEventsInput } from './messages.ts';
import { relayForLong } from './retry-policies.ts';

const { relayEvents } = proxyActivities<Activities>({
  ...relayForLong,
  summary: 'Relay events to their endpoints',
});

/** Keeps exactly one relay running per shard. Workflow id: `dispatch/<shard>`. */
export async function dispatchEvents({ shard }: DispatchEventsInput): Promise<never> {
  setCurrentDetails(
    `Relays the events of shard ${shard}; see the activity's heartbeat for progress.`,
  );
  while (!workflowInfo().continueAsNewSuggested) await relayEvents({ shard });
  return continueAsNew<typeof dispatchEvents>({ shard });
}
