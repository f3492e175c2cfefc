import { createResolver } from './resolver.ts';
import type { Lookup } from './resolver.ts';

let resolver = createResolver();

/** Which name servers this process asks (`address:port`), set once at start; the system's without it. */
export function useNameServers(servers: readonly string[]): void {
  resolver = createResolver({ servers });
}

/** This process's resolver, as `net.connect` takes it. */
export const systemLookup: Lookup = (...call) => resolver.lookup(...call);
