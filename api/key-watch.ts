import type { Changes } from '../db/changes.ts';
import type { Database } from '../db/database.ts';
import { isKeyValid } from '../db/queries/is-key-valid.ts';
import type { Id, MerchantId } from '../domain/ids.ts';
import type { Logger } from '../telemetry/logger.ts';

export type WatchedKey = { merchantId: MerchantId; keyId: Id<'apiKey'>; expiresAt: Date | null };

/** Tells those who hold something open on behalf of an API key that the key has ended. */
export type KeyWatch = {
  /** Runs `onEnd` once, when the key is revoked or expires; gives back how to stop. */
  watch(key: WatchedKey, onEnd: () => void): () => void;
};

// A key may be let in by what was known of it some seconds ago, and be revoked since. Most waits are over by then.
const firstCheckMs = 1_000;
/** Revocations are told at once; this is for what was not heard. */
const checkEveryMs = 30_000;

/** One look a key and process, however many wait with it. */
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
        logger.warn({ err: error, keyId: key.keyId }, 'a key could not be looked at; again soon');
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
    const stopHearing = changes.subscribe('tender_keys', key.keyId, () => void check());
    checkIn(firstCheckMs);
    return {
      listeners,
      stop: () => {
        stopHearing();
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
