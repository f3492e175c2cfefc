import { createResolver } from './resolver.ts';
import type { Lookup } from './resolver.ts';

let servers: readonly string[] | undefined;
let resolver = createResolver();

/** Sets the name servers (`address:port`) of this process or thread, once at start; the system's if undefined. */
export function useNameServers(nameServers: readonly string[] | undefined): void {
  servers = nameServers;
  resolver = createResolver({ servers });
}

/** For a thread that must use the same servers. */
export const usedNameServers = (): readonly string[] | undefined => servers;

/** This process's resolver as the `lookup` option of `net.connect`. */
export const systemLookup: Lookup = (...call) => resolver.lookup(...call);
