import {
  condition,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { SessionStatus } from '../domain/session.ts';
import { sessionEnded } from './messages.ts';
import type { HoldSessionInput } from './messages.ts';
import { recordState } from './retry-policies.ts';

const { expireSession } = proxyLocalActivities<Activities>({
  ...recordState,
  summary: 'Expire the session if it is not complete',
});

// The database's clock may be slightly behind.
const recheckMs = 1_000;

/** One session, from opened to complete or expired: enforces the deadline. Workflow id: `session/<ses_id>`. */
export async function holdSession({
  sessionId,
  closesAtMs,
}: HoldSessionInput): Promise<{ status: SessionStatus }> {
  let isEnded = false;
  setHandler(sessionEnded, () => {
    isEnded = true;
  });
  setCurrentDetails(
    `Both sides may send their message until ${new Date(closesAtMs).toISOString()}.`,
  );
  for (;;) {
    const leftMs = Math.max(closesAtMs - Date.now(), recheckMs);
    await condition(() => isEnded, leftMs, {
      summary: 'until the session is complete or the deadline',
    });
    isEnded = false;
    const { status } = await expireSession({ sessionId });
    if (status === 'open') continue;
    setCurrentDetails(
      status === 'complete'
        ? 'Complete: both sides sent their message.'
        : 'EXPIRED: at least one message is missing.',
    );
    return { status };
  }
}
