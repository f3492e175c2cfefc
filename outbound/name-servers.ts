import { createResolver } from './resolver.ts';
import type { Lookup } from './resolver.ts';

let servers: readonly string[] | undefined;
let resolver = createResolver();

/** Which name servers this process or thread asks (`address:port`), set once at start; the system's without it. */
export function useNameServers(wanted: readonly string[] | undefined): void {
  servers = wanted;
  resolver = createResolver({ servers });
}

/** For a thread that is to ask the same ones. */
export const usedNameServers = (): readonly string[] | undefined => servers;

/** This process's resolver, as `net.connect` takes it. */
export const systemLookup: Lookup = (...call) => resolver.lookup(...call);
