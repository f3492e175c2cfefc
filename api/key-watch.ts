import type { Changes } from '../db/changes.ts';
import type { Database } from '../db/database.ts';
import { isKeyValid } from '../db/queries/is-key-valid.ts';
import type { Id, MerchantId } from '../domain/ids.ts';
import type { Logger } from '../telemetry/logger.ts';

export type WatchedKey = { merchantId: MerchantId; keyId: Id<'apiKey'>; expiresAt: Date | null };

/** Notifies open streams and waits when their API key ends. */
export type KeyWatch = {
  /** Calls `onEnd` once when the key is revoked or expires; returns a function that stops watching. */
  watch(key: WatchedKey, onEnd: () => void): () => void;
};

// Authentication caches a key for some seconds, so it may already be revoked. Most waits end before this check.
const firstCheckMs = 1_000;
/** Revocations are notified at once; this finds missed notifications. */
const checkEveryMs = 30_000;

/** Creates the watch. Each process checks a key once, however many requests use it. */
export function createKeyWatch({
  db,
  changes,
  logger,
}: {
  db: Database;
  changes: Changes;
  logger: Logger;
}): KeyWatch {
  const entries = new Map<string, ReturnType<typeof watchKey>>();

  function watchKey(key: WatchedKey) {
    const listeners = new Set<() => void>();
    let timer: NodeJS.Timeout | undefined;
    const check = async () => {
      clearTimeout(timer);
      const isValid = await isKeyValid(db, key).catch((error: unknown) => {
        logger.warn(
          { err: error, keyId: key.keyId },
          'an API key could not be checked; the check is retried',
        );
        return undefined;
      });
      if (listeners.size === 0) return;
      if (isValid === false) {
        for (const onEnd of [...listeners]) onEnd();
        return;
      }
      checkIn(isValid === undefined ? firstCheckMs : checkEveryMs);
    };
    const checkIn = (ms: number) => {
      const expiresInMs = key.expiresAt ? key.expiresAt.getTime() - Date.now() : Infinity;
      clearTimeout(timer);
      timer = setTimeout(() => void check(), Math.min(ms, Math.max(1, expiresInMs))).unref();
    };
    const unsubscribe = changes.subscribe('tender_keys', key.keyId, () => void check());
    checkIn(firstCheckMs);
    return {
      listeners,
      stop: () => {
        unsubscribe();
        clearTimeout(timer);
      },
    };
  }

  return {
    watch(key, onEnd) {
      const entry = entries.get(key.keyId) ?? watchKey(key);
      entries.set(key.keyId, entry);
      entry.listeners.add(onEnd);
      return () => {
        if (!entry.listeners.delete(onEnd) || entry.listeners.size > 0) return;
        entry.stop();
        entries.delete(key.keyId);
      };
    },
  };
}
