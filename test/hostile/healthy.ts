import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from '../support/api-client.ts';
import { openStream } from '../support/event-stream.ts';
import { readFeed } from '../support/events.ts';
import type { Feed } from '../support/events.ts';
import { startHostileAmqp } from '../support/hostile/hostile-amqp.ts';
import { startHostileKafka } from '../support/hostile/hostile-kafka.ts';
import type { Seeded } from '../support/hostile/seeded.ts';
import { createArrivals, markListener, markOf, msOf } from './arrivals.ts';
import type { ChannelFigures } from './arrivals.ts';
import { buySteadily } from './healthy-orders.ts';
import type { OrderFigures } from './healthy-orders.ts';
import { healthyName } from './names.ts';
import { startShopReceiver } from './shop-receiver.ts';
import type { Stack } from './stack.ts';

export const channels = ['http', 'kafka', 'amqp', 'poll', 'stream'] as const;
export type Channel = (typeof channels)[number];

export type HealthyFigures = {
  published: number;
  publish: { p50Ms: number; p99Ms: number; maxMs: number; late: number };
  /** By where its events went. */
  channels: Record<Channel, ChannelFigures>;
  orders: OrderFigures;
  wronglySigned: number;
  streamBreaks: number;
  /** What was answered otherwise than it should have been. */
  refusals: string[];
  /** Whether long poll, stream and a reading of the whole feed agree. */
  feedsAgree: boolean;
};

export type Healthy = {
  counts(): { published: number; arrived: number; ordersPaid: number };
  /** Stops publishing and buying, waits until all is there or the time is over, and says what came of it. */
  finish(input: { timeoutMs: number }): Promise<HealthyFigures>;
  close(): Promise<void>;
};

const everyMs = 100;
const padding = 'x'.repeat(400);
const pollWaitSeconds = 10;

/** A merchant as one wants them: a modest steady rate, everything read, every signature checked. */
export async function startHealthy(
  { url, healthy }: Pick<Stack, 'url' | 'healthy'>,
  { lateMs, random }: { lateMs: number; random: Seeded },
): Promise<Healthy> {
  const { key } = healthy;
  const api = apiClient({ url, key });
  const arrivals = Object.fromEntries(
    channels.map((channel) => [channel, createArrivals({ lateMs })]),
  ) as {
    [channel in Channel]: ReturnType<typeof createArrivals>;
  };
  const refusals: string[] = [];
  const published = new Map<number, number>();
  const publishMs: number[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;

  const receiver = await startShopReceiver({ note: arrivals.http.note });
  const broker = (channel: 'kafka' | 'amqp') => ({
    seed: 1,
    attack: 'none',
    hears: () => markListener(arrivals[channel].note),
  });
  const [kafka, amqp] = [
    await startHostileKafka(broker('kafka')),
    await startHostileAmqp(broker('amqp')),
  ];

  async function register(body: Record<string, unknown>): Promise<string> {
    const answer = await api<{ secret: string }>('POST', '/v1/endpoints', { body });
    if (answer.status !== 201) throw new Error(`the healthy endpoint: ${answer.text}`);
    return answer.body.secret;
  }
  receiver.trust(await register({ url: `http://${healthyName}:${receiver.port}/events` }));
  const eventTypes = ['healthy.*'];
  await register({
    ...{ url: `kafka://127.0.0.1:${kafka.port}`, eventTypes },
    destination: { kind: 'kafka', topic: 'events' },
  });
  await register({
    ...{ url: `amqp://127.0.0.1:${amqp.port}`, eventTypes },
    destination: { kind: 'amqp', exchange: 'events' },
  });

  async function publish(count: number): Promise<void> {
    const startedMs = performance.now();
    const numbers = Array.from({ length: count }, (_, n) => published.size + n);
    for (const number of numbers) published.set(number, startedMs);
    const events = numbers.map((number) => ({
      type: 'healthy.event',
      id: `healthy-${number}`,
      data: { mark: markOf(number), padding },
    }));
    try {
      const body = count === 1 ? events[0] : { events };
      const { status, text } = await api('POST', '/v1/events', { body });
      if (status !== 201) refusals.push(`POST /v1/events: ${status} ${text.slice(0, 200)}`);
    } catch (error) {
      refusals.push(`POST /v1/events: ${String(error)}`);
    }
    publishMs.push(performance.now() - startedMs);
  }

  async function publishSteadily(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const startedMs = performance.now();
    for (let turn = 1; !signal.aborted; turn++) {
      const one = publish(turn % 5 === 0 ? 3 : 1);
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
      await sleep(Math.max(0, startedMs + turn * everyMs - performance.now()));
    }
    await Promise.all(underWay);
  }

  const polled: string[] = [];
  let isPolling = true;
  async function poll(): Promise<void> {
    let cursor = '0';
    while (isPolling) {
      try {
        const path = `/v1/events?after=${cursor}&limit=100&wait=${pollWaitSeconds}`;
        const { status, body, text } = await api<Feed>('GET', path);
        if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`);
        for (const event of body.data) {
          polled.push(event.id);
          noteMark(event.data, arrivals.poll.note);
        }
        cursor = body.nextCursor;
      } catch (error) {
        refusals.push(`GET /v1/events: ${String(error)}`);
        await sleep(200);
      }
    }
  }

  const streamed: string[] = [];
  let streamBreaks = 0;
  let leaveStream = () => {};
  async function stream(): Promise<void> {
    let lastId: string | undefined;
    while (isPolling) {
      const reader = await openStream({
        url,
        key,
        query: 'after=0',
        headers: lastId === undefined ? {} : { 'last-event-id': lastId },
        onMessage: ({ event }) => {
          streamed.push(event.id);
          noteMark(event.data, arrivals.stream.note);
        },
      }).catch((error: unknown) => void refusals.push(`the stream: ${String(error)}`));
      leaveStream = reader?.leave ?? (() => {});
      if (reader && reader.status !== 200) refusals.push(`the stream: ${reader.status}`);
      await reader?.ended;
      lastId = reader?.lastEventId() || lastId;
      if (!isPolling) return;
      streamBreaks += 1;
      await sleep(500);
    }
  }

  const reading = [poll(), stream()];
  const publishing = publishSteadily();
  const buying = buySteadily({
    url,
    healthy,
    receiver,
    lateMs,
    signal,
    random,
    refusals,
  });

  const isThere = () =>
    [...published.keys()].every((number) =>
      channels.every((channel) => arrivals[channel].has(number)),
    );

  return {
    counts: () => ({
      published: published.size,
      arrived: arrivals.http.figures(published).arrived,
      ordersPaid: buying.paid(),
    }),
    async finish({ timeoutMs }) {
      stopping.abort();
      await publishing;
      const orders = await buying.ended;
      const endsMs = performance.now() + timeoutMs;
      while (!isThere() && performance.now() < endsMs) await sleep(100);
      const whole = (await readFeed({ api })).events.map(({ id }) => id);
      while (
        (polled.length < whole.length || streamed.length < whole.length) &&
        performance.now() < endsMs
      ) {
        await sleep(100);
      }
      const { p50Ms, p99Ms, maxMs } = msOf(publishMs);
      return {
        published: published.size,
        publish: { p50Ms, p99Ms, maxMs, late: publishMs.filter((ms) => ms > lateMs).length },
        channels: Object.fromEntries(
          channels.map((channel) => [channel, arrivals[channel].figures(published)]),
        ) as HealthyFigures['channels'],
        orders,
        wronglySigned: receiver.wronglySigned(),
        streamBreaks,
        refusals: refusals.slice(0, 200),
        feedsAgree: isSame(whole, polled) && isSame(whole, streamed),
      };
    },
    async close() {
      stopping.abort();
      isPolling = false;
      leaveStream();
      await Promise.allSettled([...reading, publishing, buying.ended]);
      await Promise.all([receiver.stop(), kafka.close(), amqp.close()]);
    },
  };
}

/** More may have come in since the one that was read first. */
function isSame(whole: readonly string[], seen: readonly string[]): boolean {
  return whole.every((id, at) => id === seen[at]);
}

function noteMark(data: Record<string, unknown>, note: (number: number) => void): void {
  const number = /^healthy-(\d+)-end$/.exec(String(data['mark']))?.[1];
  if (number !== undefined) note(Number(number));
}
