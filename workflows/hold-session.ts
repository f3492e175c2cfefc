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
  summary: 'See whether both have spoken, and expire it if not',
});

// The database's clock may be a little behind.
const lookAgainMs = 1_000;

/** One session, from opened to complete or expired: owns the deadline. Workflow id: `session/<ses_id>`. */
export async function holdSession({
  sessionId,
  closesAtMs,
}: HoldSessionInput): Promise<{ status: SessionStatus }> {
  let isEnded = false;
  setHandler(sessionEnded, () => {
    isEnded = true;
  });
  setCurrentDetails(`Both sides may speak until ${new Date(closesAtMs).toISOString()}.`);
  for (;;) {
    const leftMs = Math.max(closesAtMs - Date.now(), lookAgainMs);
    await condition(() => isEnded, leftMs, { summary: 'until both have spoken or the deadline' });
    isEnded = false;
    const { status } = await expireSession({ sessionId });
    if (status === 'open') continue;
    setCurrentDetails(status === 'complete' ? 'Both have spoken.' : 'EXPIRED: not both spoke.');
    return { status };
  }
}
