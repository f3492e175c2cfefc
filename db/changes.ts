import { listen } from './listen.ts';
import type { Channel } from './listen.ts';

/** Tells of changes as they are committed. A listener may be told in vain, and must look for itself. */
export type Changes = {
  /** Hears of `key` (an order's id, a shard's number) on a channel; returns how to stop hearing. */
  subscribe(channel: Channel, key: string, listener: () => void): () => void;
  close(): Promise<void>;
};

/** One connection for a whole process, however many wait. */
export async function openChanges({ url }: { url: string }): Promise<Changes> {
  const listeners = new Map<string, Set<() => void>>();
  const keyOf = (channel: Channel, key: string) => `${channel}:${key}`;

  const listener = await listen({
    url,
    channels: ['tender_orders', 'tender_events', 'tender_feed', 'tender_messaging'],
    onMessage: (channel, payload) => {
      for (const tell of listeners.get(keyOf(channel, payload)) ?? []) tell();
    },
    onReconnect: () => {
      for (const all of listeners.values()) for (const tell of all) tell();
    },
  });

  return {
    subscribe(channel, key, tell) {
      const name = keyOf(channel, key);
      const own = listeners.get(name) ?? new Set();
      listeners.set(name, own.add(tell));
      return () => {
        own.delete(tell);
        if (own.size === 0) listeners.delete(name);
      };
    },
    close: () => listener.close(),
  };
}
