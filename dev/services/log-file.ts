import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';

const TAIL_BYTES = 4_000;

export type LogFile = {
  /**
   * For a child's stdout and stderr. The child writes to the file directly, so that a paused launcher never blocks it.
   */
  fd: number;
  /** The end of what was written since the log was opened. */
  readTail(): string;
  close(): void;
};

/** Opens a log for appending and remembers where this run begins. */
export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'a+');
  const startBytes = fstatSync(fd).size;
  return {
    fd,
    readTail: () => {
      const endBytes = fstatSync(fd).size;
      const fromBytes = Math.max(startBytes, endBytes - TAIL_BYTES);
      return readBetween(fd, fromBytes, endBytes).trim();
    },
    close: () => closeSync(fd),
  };
}

function readBetween(fd: number, fromBytes: number, toBytes: number): string {
  const buffer = Buffer.alloc(Math.max(0, toBytes - fromBytes));
  const readBytes = readSync(fd, buffer, 0, buffer.length, fromBytes);
  return buffer.toString('utf8', 0, readBytes);
}
