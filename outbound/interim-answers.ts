import type { Socket } from 'node:net';

/** Raised where a server sends interim answers (1xx) without an end. */
export class TooManyInterimAnswers extends Error {
  override readonly name = 'TooManyInterimAnswers';
  readonly code = 'INTERIM_ANSWERS';
}

const mostAnswers = 100;
const mostBytes = 32 * 1_024;
// `HTTP/1.1 100`: what it takes to know.
const statusEnd = 12;
const headEnd = '\r\n\r\n';

/**
 * Takes interim answers (1xx, RFC 9110, 15.2) out of what an HTTP client reads from a socket. A server may send
 * them unasked, and a client has to pass over them; undici takes `100 Continue` for an error, and each of the others
 * for a sign of life. Works by what undici does: it reads by `read()`, writes each request's head as one string, and
 * has one request a socket under way. The protocol switch, 101, is left to be refused.
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
    return passOver(chunk) ?? socket.read(size);
  };

  /** What remains once interim answers are gone; undefined where more has to come first. */
  function passOver(chunk: Buffer): Buffer | undefined {
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
    if (bytes + rest.length > mostBytes) isTooMuch(rest.length);
  }

  function isTooMuch(heldBytes = 0): boolean {
    if (answers <= mostAnswers && bytes + heldBytes <= mostBytes) return false;
    socket.destroy(new TooManyInterimAnswers('the server sends interim answers and no other'));
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

/** `HTTP/1.x 1yy`, but for 101. */
function isInterim(bytes: Buffer): boolean {
  if (!mayBeHead(bytes) || bytes[9] !== digit1) return false;
  return !(bytes[10] === digit0 && bytes[11] === digit1);
}
