import { downloadTimeoutMs, ProviderAgent } from '../connecting.ts';

/** For a day's bill of a large merchant, by far the largest file. */
const maxBillBytes = 256 * 1024 * 1024;

/** One account's connections, for calls and for files. */
export function createAgents({ timeoutMs }: { timeoutMs: number }) {
  return {
    calls: new ProviderAgent({ timeoutMs }),
    files: new ProviderAgent({ timeoutMs: downloadTimeoutMs, maxResponseBytes: maxBillBytes }),
  };
}
