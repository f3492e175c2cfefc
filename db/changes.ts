import { listen } from './listen.ts';
import type { Channel } from './listen.ts';
import { listenerName } from './queries/seen-keys.ts';

/** Notifies of committed changes. A notification may be spurious, so listeners must check for themselves. */
export type Changes = {
  /** Subscribes to `key` (an order's id, a shard's number) on a channel; returns the unsubscribe function. */
  subscribe(channel: Channel, key: string, listener: () => void): () => void;
  close(): Promise<void>;
};

type Listeners = Map<string, Set<() => void>>;

const keptForMs = 30_000;

/**
 * One connection per process, however many wait. It listens to a channel only while somebody is subscribed, and for 30
 * s after: every commit wakes all listeners of its channel, needed or not.
 */
export async function openChanges({
  url,
  keyIds = [],
}: {
  url: string;
  /** The sealer's key ids; other processes see by them which keys this process has. */
  keyIds?: readonly string[];
}): Promise<Changes> {
  const channels = new Map<Channel, Listeners>();
  const timers = new Map<Channel, NodeJS.Timeout>();

  const listener = await listen({
    url,
    name: listenerName(keyIds),
    onMessage: (channel, payload) => {
      for (const notify of channels.get(channel)?.get(payload) ?? []) notify();
    },
    onListening: (listening) => {
      for (const channel of listening)
        for (const all of channels.get(channel)?.values() ?? []) for (const notify of all) notify();
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

  function unlistenLater(channel: Channel): void {
    const unlisten = () => {
      channels.delete(channel);
      listener.setChannels(new Set(channels.keys()));
    };
    timers.set(channel, setTimeout(unlisten, keptForMs).unref());
  }

  return {
    subscribe(channel, key, notify) {
      const listeners = listenersOf(channel);
      const own = listeners.get(key) ?? new Set();
      listeners.set(key, own.add(notify));
      return () => {
        if (!own.delete(notify) || own.size > 0) return;
        listeners.delete(key);
        if (listeners.size === 0) unlistenLater(channel);
      };
    },
    async close() {
      for (const timer of timers.values()) clearTimeout(timer);
      await listener.close();
    },
  };
}
