import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type Channel = 'tender_orders' | 'tender_events' | 'tender_feed' | 'tender_messaging';

export type Listener = { close(): Promise<void> };

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Hears PostgreSQL's NOTIFY on one connection of its own and opens it again when it breaks.
 * `onReconnect` runs after each reopening: whatever was said meanwhile was missed, so look again.
 */
export async function listen(input: {
  url: string;
  channels: readonly Channel[];
  onMessage: (channel: Channel, payload: string) => void;
  onReconnect: () => void;
}): Promise<Listener> {
  let client = await connect();
  let isClosed = false;

  async function connect(): Promise<pg.Client> {
    const next = new pg.Client({
      connectionString: input.url,
      application_name: 'tender-listen',
      keepAlive: true,
    });
    next.on('notification', (message) =>
      input.onMessage(message.channel as Channel, message.payload ?? ''),
    );
    // 'error' is followed by 'end', which reconnects; unheard it would end the process.
    next.on('error', () => {});
    try {
      await next.connect();
      for (const channel of input.channels) await next.query(`listen ${channel}`);
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
        else input.onReconnect();
        return;
      } catch {
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  }

  return {
    close: async () => {
      isClosed = true;
      await client.end();
    },
  };
}
