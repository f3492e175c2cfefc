import { setTimeout as sleep } from 'node:timers/promises';
import { deliveryFormats } from '../../domain/delivery.ts';
import { hostileFilters } from '../support/hostile/tenant-inputs.ts';
import { hostileNames } from './names.ts';
import type { Ask } from './asking.ts';
import { again, json } from './scene.ts';
import type { Scene } from './scene.ts';

type Created = { id: string };

const knock = 'hostile.knock';

const atName = (name: string, number: number) => `http://${name}-${number}.hostile.test:9/hook`;

/** Endpoints wherever it hurts: everybody who misbehaves, as receiver, broker and giver of tokens; names that lie. */
export async function registerEverywhere(scene: Scene): Promise<string[]> {
  const { peers, tenant } = scene;
  const oauth2 = (tokenUrl: string) => ({
    auth: { kind: 'oauth2', tokenUrl, clientId: 'id', clientSecret: 'secret' },
  });
  const eventTypes = [knock];
  const wanted: Record<string, unknown>[] = [
    ...peers.receivers.map(({ url }) => ({ url, eventTypes })),
    ...peers.receivers.map(({ url }) => ({ url: peers.sinkUrl, eventTypes, ...oauth2(url) })),
    ...peers.brokers.map(({ kind, url }) => ({
      url,
      eventTypes,
      destination: kind === 'kafka' ? { kind, topic: 'events' } : { kind, exchange: 'events' },
    })),
    ...hostileNames.map((name) => ({ url: atName(name, 0), eventTypes })),
    ...hostileNames.map((name) => ({
      ...{ url: `kafka://${name}-1.hostile.test:9`, eventTypes },
      destination: { kind: 'kafka', topic: 'events' },
    })),
    ...deliveryFormats.map((format) => ({
      url: peers.sinkUrl,
      format,
      eventTypes: ['hostile.many', 'hostile.quotes'],
    })),
    ...Object.values(hostileFilters).map((filter) => ({
      url: peers.sinkUrl,
      filter,
      eventTypes: ['hostile.*'],
    })),
  ];
  const ids: string[] = [];
  await inParallel(wanted, async (body) => {
    if (scene.signal.aborted) return;
    const asked = { method: 'POST', path: '/v1/endpoints', body: json(body) };
    const answer = await tenant('endpoints', asked);
    if (answer.status === 201) ids.push((JSON.parse(answer.text) as Created).id);
  });
  return ids;
}

export const publishKnocks = (scene: Scene) =>
  again(scene, 1_000, (turn) =>
    scene.tenant('knocks', {
      method: 'POST',
      path: '/v1/events',
      body: json({ type: knock, data: { turn } }),
    }),
  );

/** Registers, verifies, switches off and on, asks for tests, deletes. */
export const churnEndpoints = (scene: Scene) =>
  again(scene, 250, async (turn) => {
    const { peers, random, tenant } = scene;
    const url = random.pick([
      ...peers.receivers.map((receiver) => receiver.url),
      ...hostileNames.map((name) => atName(name, turn)),
    ]);
    const post = (path: string, body?: unknown) =>
      tenant('endpoint churn', {
        method: 'POST',
        path,
        body: body === undefined ? undefined : json(body),
      });
    const isHandshake = random.int(2) === 0;
    const created = await post('/v1/endpoints', {
      url,
      eventTypes: [knock],
      handshake: isHandshake,
    });
    if (created.status !== 201) return;
    const path = `/v1/endpoints/${(JSON.parse(created.text) as Created).id}`;
    // Not waited for: a challenge to somebody who is silent takes its time.
    const test = post(`${path}/${isHandshake ? 'verify' : 'test'}`);
    const body = json({ status: random.pick(['paused', 'disabled', 'enabled']) });
    await tenant('endpoint churn', { method: 'PATCH', path, body });
    await sleep(random.int(400));
    await tenant('endpoint churn', { method: 'DELETE', path });
    void test;
  });

/** Asks endpoints that will never answer well. */
export const sendRequests = (scene: Scene, ids: readonly string[]) =>
  again(scene, 700, (turn) =>
    scene.tenant('requests', {
      method: 'POST',
      path: '/v1/messages',
      headers: { prefer: `wait=${turn % 3}` },
      body: json({
        pattern: 'request',
        to: scene.random.pick(ids),
        subject: 'anything',
        body: { turn },
        callbackUrl: scene.random.pick(scene.peers.receivers).url,
        replyWithinSeconds: 5,
      }),
    }),
  );

/** What is sent to them is no concern of anybody's any more. */
export async function removeAll(ask: Ask, ids: readonly string[]): Promise<void> {
  await inParallel(ids, async (id) => {
    await ask('endpoints', { method: 'DELETE', path: `/v1/endpoints/${id}` });
  });
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: 8 }, one));
}
