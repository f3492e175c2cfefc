import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * True if the history has grown so long that the workflow must continue in a new run (`continueAsNew`). The patch keeps
 * it false when a run recorded before this check is replayed.
 */
export function isHistoryLong(): boolean {
  return workflowInfo().continueAsNewSuggested && patched('continue-long-histories');
}
