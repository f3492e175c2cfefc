import type { FeedEvent } from './events.ts';

export type StreamMessage = { id: string; type: string; data: string; event: FeedEvent };

/** A reader of `/v1/events/stream`: what an EventSource would do, by the rules of the HTML standard, 9.2.6. */
export type StreamReader = {
  status: number;
  headers: Headers;
  /** Every message so far. */
  messages: StreamMessage[];
  /** The id of the last message, or of one without data: where to connect again. */
  lastEventId(): string;
  comments(): number;
  /** Settles once the stream is over: false where the connection broke. */
  ended: Promise<boolean>;
  /** Stops reading, and holds up whoever writes, until it is called again. */
  pause(): void;
  resume(): void;
  leave(): void;
};

export async function openStream(input: {
  url: string;
  key: string;
  query?: string;
  headers?: Record<string, string>;
  /** Hears each at once. */
  onMessage?: (message: StreamMessage) => void;
}): Promise<StreamReader> {
  const leaving = new AbortController();
  const response = await fetch(`${input.url}/v1/events/stream?${input.query ?? ''}`, {
    headers: { authorization: `Bearer ${input.key}`, ...input.headers },
    signal: leaving.signal,
  });
  const messages: StreamMessage[] = [];
  let lastEventId = '';
  let comments = 0;
  let paused: Promise<void> | undefined;
  let resume = () => {};

  function take(block: string): void {
    let type = 'message';
    let data: string | undefined;
    for (const line of block.split('\n')) {
      const [field = '', ...rest] = line.split(':');
      const value = rest.join(':').replace(/^ /, '');
      if (line.startsWith(':')) comments += 1;
      else if (field === 'id') lastEventId = value;
      else if (field === 'event') type = value;
      else if (field === 'data') data = value;
    }
    if (data === undefined) return;
    const message = { id: lastEventId, type, data, event: JSON.parse(data) as FeedEvent };
    messages.push(message);
    input.onMessage?.(message);
  }

  async function read(): Promise<boolean> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) take(block);
        await paused;
      }
      return true;
    } catch {
      return false;
    }
  }

  return {
    status: response.status,
    headers: response.headers,
    messages,
    lastEventId: () => lastEventId,
    comments: () => comments,
    ended: read(),
    pause: () => {
      paused = new Promise((done) => {
        resume = done;
      });
    },
    resume: () => {
      paused = undefined;
      resume();
    },
    leave: () => leaving.abort(),
  };
}
