import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type Channel =
  | 'tender_orders'
  | 'tender_events'
  | 'tender_feed'
  | 'tender_messaging'
  | 'tender_keys';

export type Listener = {
  /** Changes the channels. Messages on a new channel are certain only after its `onListening`. */
  setChannels(channels: ReadonlySet<Channel>): void;
  close(): Promise<void>;
};

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Receives PostgreSQL's NOTIFY on a connection of its own, and reconnects when that breaks. `onListening` runs whenever
 * listening to some channels has begun: earlier messages are lost, so check for changes.
 */
export async function listen(input: {
  url: string;
  /** The `application_name` of the connection. */
  name: string;
  onMessage: (channel: Channel, payload: string) => void;
  onListening: (channels: readonly Channel[]) => void;
}): Promise<Listener> {
  let wanted: ReadonlySet<Channel> = new Set();
  let client = await connect();
  let isClosed = false;

  async function connect(): Promise<pg.Client> {
    const next = new pg.Client({
      connectionString: input.url,
      application_name: input.name,
      keepAlive: true,
    });
    next.on('notification', (message) =>
      input.onMessage(message.channel as Channel, message.payload ?? ''),
    );
    // 'error' is followed by 'end', which reconnects; an unhandled 'error' would end the process.
    next.on('error', () => {});
    try {
      await next.connect();
    } catch (error) {
      await next.end().catch(() => {});
      throw error;
    }
    next.on('end', () => void reconnect());
    return next;
  }

  async function reconnect(): Promise<void> {
    for (let retryMs = firstRetryMs; !isClosed; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      try {
        client = await connect();
        if (isClosed) await client.end();
        else change('listen', [...wanted]);
        return;
      } catch {
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  }

  function change(verb: 'listen' | 'unlisten', channels: readonly Channel[]): void {
    Promise.all(channels.map((channel) => client.query(`${verb} ${channel}`))).then(
      () => {
        if (verb === 'listen') input.onListening(channels);
      },
      // If the connection breaks meanwhile, the reconnect listens to all channels.
      () => {},
    );
  }

  return {
    setChannels(channels) {
      const before = wanted;
      wanted = new Set(channels);
      change(
        'listen',
        [...wanted].filter((channel) => !before.has(channel)),
      );
      change(
        'unlisten',
        [...before].filter((channel) => !wanted.has(channel)),
      );
    },
    close: async () => {
      isClosed = true;
      await client.end();
    },
  };
}
