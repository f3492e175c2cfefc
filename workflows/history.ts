import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * The history has grown so long that the workflow has to go on in a fresh one (`continueAsNew`). Workflows that
 * were under way before this was asked never say so to their own replay.
 */
export function isHistoryLong(): boolean {
  return workflowInfo().continueAsNewSuggested && patched('continue-long-histories');
}
