import { downloadTimeoutMs, ProviderAgent } from '../connecting.ts';

/** A day's bill of a large merchant; nothing else comes near it. */
const maxBillBytes = 256 * 1024 * 1024;

/** One account's connections, for calls and for files. */
export function createAgents({ timeoutMs }: { timeoutMs: number }) {
  return {
    calls: new ProviderAgent({ timeoutMs }),
    files: new ProviderAgent({ timeoutMs: downloadTimeoutMs, maxResponseBytes: maxBillBytes }),
  };
}
