import type { Socket } from 'node:net';

/** The server sent too many interim responses (1xx) before a final one. */
export class TooManyInterimAnswers extends Error {
  override readonly name = 'TooManyInterimAnswers';
  readonly code = 'INTERIM_ANSWERS';
}

const maxAnswers = 100;
const maxBytes = 32 * 1_024;
// The length of `HTTP/1.1 100`, which is enough to decide.
const statusEnd = 12;
const headEnd = '\r\n\r\n';

/**
 * Removes interim responses (1xx, RFC 9110, 15.2) from what an HTTP client reads from a socket. A server may send them
 * unrequested and a client must skip them, but undici treats `100 Continue` as an error and each of the others as activity. This relies on undici: it reads with `read()`, writes each request's head as one string, and has
 * one request per socket under way. 101 Switching Protocols passes, for undici to refuse.
 */
export function withoutInterimAnswers<T extends Socket>(socket: T): T {
  let isHeadNext = false;
  let held: Buffer | undefined;
  let answers = 0;
  let bytes = 0;
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;

  socket.write = (...args: unknown[]) => {
    if (typeof args[0] === 'string') {
      isHeadNext = true;
      answers = bytes = 0;
    }
    return write(...args);
  };

  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!isHeadNext || !Buffer.isBuffer(chunk)) return chunk;
    return skipInterim(chunk) ?? socket.read(size);
  };

  /** The bytes after the interim responses; undefined if more bytes are needed first. */
  function skipInterim(chunk: Buffer): Buffer | undefined {
    let rest = held ? Buffer.concat([held, chunk]) : chunk;
    held = undefined;
    for (;;) {
      if (rest.length < statusEnd && mayBeHead(rest)) return hold(rest);
      if (!isInterim(rest)) {
        isHeadNext = false;
        return rest;
      }
      const end = rest.indexOf(headEnd);
      if (end < 0) return hold(rest);
      answers += 1;
      bytes += end;
      if (isTooMuch()) return undefined;
      rest = rest.subarray(end + headEnd.length);
      if (rest.length === 0) return undefined;
    }
  }

  function hold(rest: Buffer): undefined {
    held = rest;
    if (bytes + rest.length > maxBytes) isTooMuch(rest.length);
  }

  function isTooMuch(heldBytes = 0): boolean {
    if (answers <= maxAnswers && bytes + heldBytes <= maxBytes) return false;
    socket.destroy(new TooManyInterimAnswers('the server sends only interim responses'));
    return true;
  }

  return socket;
}

const opening = Buffer.from('HTTP/1.');

function mayBeHead(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, opening.length);
  return bytes.subarray(0, length).equals(opening.subarray(0, length));
}

const [digit1, digit0] = [0x31, 0x30];

/** `HTTP/1.x 1yy`, except 101. */
function isInterim(bytes: Buffer): boolean {
  if (!mayBeHead(bytes) || bytes[9] !== digit1) return false;
  return !(bytes[10] === digit0 && bytes[11] === digit1);
}
