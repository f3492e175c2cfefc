import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** Of each kind of hostility, how often each answer came: a status, or the code of a broken connection. */
export type Counts = Record<string, Record<string, number>>;

export type Answer = { status: number; text: string };

export type Asked = {
  method?: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | undefined;
  timeoutMs?: number;
};

export type Hostility = {
  counts: Counts;
  /** Answers of 500 and more, by kind and status: what one of them was to. */
  faults: Map<string, string>;
  count(kind: string, what: string | number): void;
};

export function createHostility(): Hostility {
  const counts: Counts = {};
  return {
    counts,
    faults: new Map(),
    count(kind, what) {
      const ofKind = (counts[kind] ??= {});
      ofKind[what] = (ofKind[what] ?? 0) + 1;
    },
  };
}

export type Ask = (kind: string, asked: Asked) => Promise<Answer>;

/** So many bytes of an answer are of use. */
const keptBytes = 64 * 1_024;

/** Somebody who asks, from an address of their own on loopback, so that their limits are not the healthy one's. */
export function createAsk(input: {
  url: string;
  localAddress: string;
  hostility: Hostility;
  key?: string;
  /** Breaks off whatever is under way. */
  signal?: AbortSignal;
}): { ask: Ask; close(): void } {
  const { url, localAddress, hostility, key, signal } = input;
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });

  const ask: Ask = async (kind, asked) => {
    const { method = 'GET', path, headers, body, timeoutMs = 40_000 } = asked;
    const leaving = new AbortController();
    // Not AbortSignal.timeout(): in any(), Node 20 forgets it where it is collected before its time.
    const tooLate = setTimeout(() => leaving.abort(), timeoutMs);
    const leave = () => leaving.abort();
    signal?.addEventListener('abort', leave);
    const answer = await new Promise<Answer>((resolve) => {
      const asking = request(`${url}${path}`, {
        method,
        agent,
        localAddress,
        signal: leaving.signal,
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
      });
      const broken = (error: NodeJS.ErrnoException) =>
        resolve({ status: 0, text: asking.destroyed && signal?.aborted ? 'left' : codeOf(error) });
      asking.on('error', broken);
      asking.on('response', (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) =>
          text.length < keptBytes ? (text += chunk) : undefined,
        );
        response.on('error', broken);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asking.end(body);
    });
    clearTimeout(tooLate);
    signal?.removeEventListener('abort', leave);
    hostility.count(kind, answer.status === 0 ? answer.text : answer.status);
    if (answer.status >= 500) {
      const fault = `${kind}: ${answer.status}`;
      const sample = `${method} ${path.slice(0, 100)}: ${answer.text.slice(0, 300)}`;
      if (!hostility.faults.has(fault)) hostility.faults.set(fault, sample);
    }
    return answer;
  };
  return { ask, close: () => agent.destroy() };
}

/** Node says `ABORT_ERR` for a request's signal, whatever it is aborted with. */
const codeOf = ({ code }: NodeJS.ErrnoException) =>
  code === 'ABORT_ERR' ? 'no end in time' : String(code);
