import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { ExchangeStatus } from '../domain/exchange.ts';
import { messageReplied } from './messages.ts';
import type { ExchangeMessageInput } from './messages.ts';
import { askEndpoint, askEndpointOnce, recordState } from './retry-policies.ts';
import { receiversQueue } from './task-queues.ts';

const { expireMessage } = proxyLocalActivities<Activities>({
  ...recordState,
  summary: 'Expire the request if it has no reply',
});

// The database's clock may be slightly behind.
const recheckMs = 1_000;

/**
 * One request, from sent to answered or expired: calls the endpoint if one is addressed, waits for the reply, and
 * enforces the deadline. Workflow id: `exchange/<msg_id>`.
 */
export async function exchangeMessage(
  input: ExchangeMessageInput,
): Promise<{ status: ExchangeStatus }> {
  const { messageId, expiresAtMs, isAsked } = input;
  const leftMs = () => Math.max(expiresAtMs - Date.now(), recheckMs);
  const replyBy = new Date(expiresAtMs).toISOString();
  let isAnswered = false;
  setHandler(messageReplied, () => {
    isAnswered = true;
  });
  setCurrentDetails(
    `${isAsked ? 'Calling the endpoint' : 'Waiting for the reply'}, by ${replyBy}.`,
  );

  const calling = new CancellationScope();
  const called = isAsked
    ? calling
        .run(() => call(input, leftMs()))
        .then(({ kind }) => {
          if (kind === 'over') isAnswered = true;
          else setCurrentDetails(`${detailsOf[kind]} Waiting for the reply by ${replyBy}.`);
        })
    : undefined;
  for (;;) {
    await condition(() => isAnswered, leftMs(), { summary: 'until the reply or the deadline' });
    isAnswered = false;
    const { status } = await expireMessage({ messageId });
    if (status === 'pending') continue;
    calling.cancel();
    await called;
    setCurrentDetails(
      status === 'replied' ? 'Answered.' : 'EXPIRED: no reply before the deadline.',
    );
    return { status };
  }
}

async function call({ messageId, isAskedOnce }: ExchangeMessageInput, withinMs: number) {
  const { askReceiver } = proxyActivities<Activities>({
    ...(isAskedOnce ? askEndpointOnce : askEndpoint),
    scheduleToCloseTimeout: withinMs,
    taskQueue: receiversQueue(workflowInfo().taskQueue),
    summary: 'Call the endpoint; its answer may be the reply',
  });
  try {
    return await askReceiver({ messageId });
  } catch (error) {
    // The deadline passed, or a reply came another way.
    if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
    return { kind: 'unreachable' as const };
  }
}

const detailsOf = {
  taken: 'The endpoint accepted the request.',
  unreachable: 'The endpoint could not be reached.',
};
