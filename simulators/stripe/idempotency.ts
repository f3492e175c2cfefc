import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from './api-error.ts';

export type StoredAnswer = { status: number; body: string };

type Entry = { terms: string; atMs: number; answer: StoredAnswer };

/**
 * Stripe stores keys for at least 24 hours, this simulator for exactly 24.
 * https://docs.stripe.com/api/idempotent_requests
 */
const keyLifetimeMs = 24 * 3_600_000;

/** Stores the first response of every key, in a file of JSON lines if there is a `dataDir`. */
export type KeyStore = {
  /** The stored response, if there is one. Throws for other parameters and for a key in use. */
  begin(key: string, terms: string): StoredAnswer | undefined;
  keep(key: string, terms: string, answer: StoredAnswer): void;
  end(key: string): void;
  close(): void;
};

export function openKeyStore(dataDir: string | undefined): KeyStore {
  const entries = new Map<string, Entry>();
  const inUse = new Set<string>();
  const file = dataDir === undefined ? undefined : openFile(dataDir, entries);
  return {
    begin(key, terms) {
      if (inUse.has(key)) throw keyInUse();
      const earlier = entries.get(key);
      const isStored = earlier && Date.now() - earlier.atMs < keyLifetimeMs;
      if (isStored && earlier.terms !== terms) throw otherParameters(key);
      if (!isStored) inUse.add(key);
      return isStored ? earlier.answer : undefined;
    },
    keep(key, terms, answer) {
      const entry = { terms, atMs: Date.now(), answer };
      if (file !== undefined) writeSync(file, `${JSON.stringify([key, entry])}\n`);
      entries.set(key, entry);
    },
    end: (key) => void inUse.delete(key),
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}

function openFile(dataDir: string, entries: Map<string, Entry>): number {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'keys.jsonl');
  const file = openSync(path, 'a+');
  const stored = readFileSync(path);
  // An incomplete last line comes from a crash during the write, before the response.
  const wholeBytes = stored.lastIndexOf(0x0a) + 1;
  ftruncateSync(file, wholeBytes);
  for (const line of stored.subarray(0, wholeBytes).toString().split('\n')) {
    if (line) entries.set(...ownEntry(line));
  }
  return file;
}

/** Guarantee: only `keep` writes lines into this file. */
function ownEntry(line: string): [string, Entry] {
  return JSON.parse(line) as [string, Entry];
}

function otherParameters(key: string): ApiError {
  const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`;
  return new ApiError(400, { type: 'idempotency_error', message });
}

function keyInUse(): ApiError {
  const message = 'There is currently another in-progress request using this Idempotent Key.';
  const body = { type: 'idempotency_error', code: 'lock_timeout', message } as const;
  return new ApiError(409, body, { 'stripe-should-retry': 'true' });
}
