import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { emptyBook } from './book.ts';
import type { Book } from './book.ts';
import { applyEvent } from './events.ts';
import type { BookEvent } from './events.ts';

export type Ledger = {
  readonly book: Book;
  /** Writes events to the file, then applies them, so that no response reports what a restart would lose. */
  record(events: readonly BookEvent[]): void;
  close(): void;
};

/** Opens the book and its append-only file of JSON lines; in memory only without a `dataDir`. */
export function openLedger(dataDir: string | undefined): Ledger {
  const book = emptyBook();
  if (!dataDir) {
    return {
      book,
      record: (events) => events.forEach((event) => applyEvent(book, event)),
      close: () => {},
    };
  }
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'book.jsonl');
  const file = openSync(path, 'a+');
  const stored = readFileSync(path);
  // An incomplete last line comes from a crash during the write, before the response.
  const wholeBytes = stored.lastIndexOf(0x0a) + 1;
  ftruncateSync(file, wholeBytes);
  for (const line of stored.subarray(0, wholeBytes).toString().split('\n')) {
    if (line) applyEvent(book, ownEvent(line));
  }
  return {
    book,
    record(events) {
      if (events.length === 0) return;
      // Synchronous, about 10 µs, into the page cache, which survives a kill -9 of this process.
      writeSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      for (const event of events) applyEvent(book, event);
    },
    close: () => closeSync(file),
  };
}

/** Guarantee: only `record` writes lines into this file. */
function ownEvent(line: string): BookEvent {
  return JSON.parse(line) as BookEvent;
}
