import { Agent } from 'undici';
import { connectOrSay } from '../connecting.ts';

/** A day's bill of a large merchant; nothing else comes near it. */
const maxResponseBytes = 256 * 1024 * 1024;

/** One account's keep-alive connections: a slow answer to one account does not take another's. */
export function createAgent({ timeoutMs }: { timeoutMs: number }): Agent {
  return new Agent({
    connections: 128,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxResponseBytes,
    connect: connectOrSay({ timeoutMs }),
  });
}
