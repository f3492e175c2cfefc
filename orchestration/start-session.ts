import type { SessionId } from '../domain/ids.ts';
import { sessionEnded, workflowIds } from '../workflows/messages.ts';
import type { holdSession } from '../workflows/hold-session.ts';
import type { Temporal } from './temporal.ts';

type Session = { id: SessionId; firstAddress: string; secondAddress: string; closesAt: Date };

/** Starts a session's workflow, or finds it running; idempotent. */
export async function startSession({
  client,
  taskQueue,
  session,
}: Temporal & { session: Session }): Promise<void> {
  const { id: sessionId, closesAt, firstAddress, secondAddress } = session;
  await client.workflow.start<typeof holdSession>('holdSession', {
    workflowId: workflowIds.holdSession(sessionId),
    taskQueue,
    args: [{ sessionId, closesAtMs: closesAt.getTime() }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Session of ${firstAddress} and ${secondAddress}`,
  });
}

/**
 * Signals a session's workflow that the session is complete. If the signal is lost, the workflow sees it at the
 * deadline.
 */
export async function notifySession({
  client,
  sessionId,
}: Pick<Temporal, 'client'> & { sessionId: SessionId }): Promise<void> {
  await client.workflow.getHandle(workflowIds.holdSession(sessionId)).signal(sessionEnded);
}
