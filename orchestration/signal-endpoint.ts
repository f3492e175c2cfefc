import type { Client } from '@temporalio/client';
import type { EndpointId } from '../domain/ids.ts';
import type { deliverToEndpoint } from '../workflows/deliver-to-endpoint.ts';
import { deliveriesAdded, workflowIds } from '../workflows/messages.ts';

/** Starts the workflow of a failing endpoint, or signals the running one that there is new work. */
export async function signalEndpoint(input: {
  client: Client;
  taskQueue: string;
  endpointId: EndpointId;
}): Promise<void> {
  await input.client.workflow.signalWithStart<typeof deliverToEndpoint>('deliverToEndpoint', {
    workflowId: workflowIds.deliverToEndpoint(input.endpointId),
    taskQueue: input.taskQueue,
    args: [{ endpointId: input.endpointId }],
    signal: deliveriesAdded,
    staticSummary: `Retries to ${input.endpointId}`,
  });
}
