import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';

const TAIL_BYTES = 4_000;

export type LogFile = {
  /** For a child's stdout and stderr: the child writes to the file itself, so a paused launcher never blocks it. */
  fd: number;
  /** What was written since the log was opened, or the end of it. */
  readTail(): string;
  close(): void;
};

/** Opens a log to append to, remembering where this run begins in it. */
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
