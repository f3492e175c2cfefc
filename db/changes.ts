import { listen } from './listen.ts';
import type { Channel } from './listen.ts';
import { listenerName } from './queries/seen-keys.ts';

/** Tells of changes as they are committed. A listener may be told in vain, and must look for itself. */
export type Changes = {
  /** Hears of `key` (an order's id, a shard's number) on a channel; returns how to stop hearing. */
  subscribe(channel: Channel, key: string, listener: () => void): () => void;
  close(): Promise<void>;
};

type Listeners = Map<string, Set<() => void>>;

const unheardForMs = 30_000;

/**
 * One connection for a whole process, however many wait. It hears only what somebody waits for, and some
 * time after: every commit wakes all who listen, and one that is not wanted costs as much as one that is.
 */
export async function openChanges({
  url,
  keyIds = [],
}: {
  url: string;
  /** Of the sealer: others see by them which keys this process knows. */
  keyIds?: readonly string[];
}): Promise<Changes> {
  const channels = new Map<Channel, Listeners>();
  const timers = new Map<Channel, NodeJS.Timeout>();

  const listener = await listen({
    url,
    name: listenerName(keyIds),
    onMessage: (channel, payload) => {
      for (const tell of channels.get(channel)?.get(payload) ?? []) tell();
    },
    onHearing: (heard) => {
      for (const channel of heard)
        for (const all of channels.get(channel)?.values() ?? []) for (const tell of all) tell();
    },
  });

  function listenersOf(channel: Channel): Listeners {
    clearTimeout(timers.get(channel));
    const known = channels.get(channel);
    if (known) return known;
    const listeners: Listeners = new Map();
    channels.set(channel, listeners);
    listener.setChannels(new Set(channels.keys()));
    return listeners;
  }

  function forgetLater(channel: Channel): void {
    const forget = () => {
      channels.delete(channel);
      listener.setChannels(new Set(channels.keys()));
    };
    timers.set(channel, setTimeout(forget, unheardForMs).unref());
  }

  return {
    subscribe(channel, key, tell) {
      const listeners = listenersOf(channel);
      const own = listeners.get(key) ?? new Set();
      listeners.set(key, own.add(tell));
      return () => {
        if (!own.delete(tell) || own.size > 0) return;
        listeners.delete(key);
        if (listeners.size === 0) forgetLater(channel);
      };
    },
    async close() {
      for (const timer of timers.values()) clearTimeout(timer);
      await listener.close();
    },
  };
}
