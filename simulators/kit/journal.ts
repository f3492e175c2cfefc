import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { emptyBook } from './book.ts';
import type { Book } from './book.ts';
import { applyEvent } from './events.ts';
import type { BookEvent } from './events.ts';

export type Ledger = {
  readonly book: Book;
  /** Enters events into the book, after they are in the file: an answer never says more than a restart knows. */
  record(events: readonly BookEvent[]): void;
  close(): void;
};

/** The book and its append-only file of JSON lines; in memory only when there is no `dataDir`. */
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
  // A last line without its end was torn by a death while writing, and was never answered for.
  const wholeBytes = stored.lastIndexOf(0x0a) + 1;
  ftruncateSync(file, wholeBytes);
  for (const line of stored.subarray(0, wholeBytes).toString().split('\n')) {
    if (line) applyEvent(book, ownEvent(line));
  }
  return {
    book,
    record(events) {
      if (events.length === 0) return;
      // Synchronous, about 10 µs: into the page cache, which outlives a kill -9 of this process.
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
