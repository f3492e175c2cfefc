import type { WorkflowHandle } from '@temporalio/client';
import type { MessageId, SessionId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { endpointOf, replying } from '../support/conversations.ts';
import type { TestMerchant, World } from '../support/world.ts';

type Scene = { world: World; merchant: TestMerchant };
type Recorded = Pick<WorkflowHandle, 'fetchHistory'>;

/** Requests and sessions, answered and not. */
export const conversationScenes: Record<string, (scene: Scene) => Promise<Recorded>> = {
  async 'exchange-answered'({ world, merchant }) {
    const { id, receiver } = await endpointOf(merchant, {
      eventTypes: ['order.paid'],
      answers: () => (receiver.received.length === 1 ? { status: 500 } : replying('yes')),
    });
    const recorded = await exchanged(world, await ask(merchant, id, 60));
    await receiver.stop();
    return recorded;
  },
  async 'exchange-expired'({ world, merchant }) {
    return exchanged(world, await ask(merchant, merchant.merchantId, 1));
  },
  async 'session-complete'({ world, merchant }) {
    const { id, sides, close } = await openSession(merchant, 60);
    for (const as of sides) {
      await merchant.api('POST', `/v1/sessions/${id}/messages`, { body: { body: 1, as } });
    }
    return held(world, id, close);
  },
  async 'session-expired'({ world, merchant }) {
    const { id, close } = await openSession(merchant, 1);
    return held(world, id, close);
  },
};

async function ask({ api }: TestMerchant, to: string, replyWithinSeconds: number) {
  const { body } = await api<{ id: MessageId }>('POST', '/v1/messages', {
    body: { pattern: 'request', to, subject: 's', body: 1, replyWithinSeconds },
    headers: { prefer: 'wait=30' },
  });
  return body.id;
}

async function openSession(merchant: TestMerchant, closesInSeconds: number) {
  const { id: endpointId, receiver } = await endpointOf(merchant, { eventTypes: ['order.paid'] });
  const sides = [merchant.merchantId, endpointId];
  const { body } = await merchant.api<{ id: SessionId }>('POST', '/v1/sessions', {
    body: { participants: sides, subject: 's', closesInSeconds },
  });
  return { id: body.id, sides, close: () => receiver.stop() };
}

async function exchanged({ temporal }: World, id: MessageId): Promise<Recorded> {
  const handle = temporal.workflow.getHandle(workflowIds.exchangeMessage(id));
  await handle.result();
  return handle;
}

async function held(
  { temporal }: World,
  id: SessionId,
  close: () => Promise<void>,
): Promise<Recorded> {
  const handle = temporal.workflow.getHandle(workflowIds.holdSession(id));
  await handle.result();
  await close();
  return handle;
}
