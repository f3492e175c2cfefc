// Preloaded (`node --import`) into the process and so into the SDK's workflow threads, before the SDK.
// The SDK formats a source-mapped stack trace for every promise that a workflow creates. The traces only serve the
// Call Stack tab of the Temporal UI and cost a third of the worker's CPU (see
// docs/explanation/decisions/0004-no-stack-trace-per-promise.md). This file refuses that one hook, which the SDK
// allows; other hooks pass. TENDER_WORKFLOW_STACK_TRACES=true turns the traces back on.
import v8 from 'node:v8';

if (process.env.TENDER_WORKFLOW_STACK_TRACES !== 'true' && v8.promiseHooks) {
  const createHook = v8.promiseHooks.createHook;
  v8.promiseHooks.createHook = (hooks) => {
    if (hooks.init?.toString().includes('promiseStackStore')) {
      throw new Error('stack traces per promise are off (TENDER_WORKFLOW_STACK_TRACES)');
    }
    return createHook(hooks);
  };
}
