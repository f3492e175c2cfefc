import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { Webhook } from 'standardwebhooks';
import { deliveries, endpoints } from '../../db/schema/index.ts';
import type { EndpointId, ReplayId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { openOrder } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver, Reply } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
const receivers: Receiver[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  await world.close();
});

type EndpointBody = {
  id: EndpointId;
  status: string;
  secret: string | null;
  publicKey: string | null;
  headerNames: string[];
  auth: string;
  disabledReason: string | null;
  window: number | null;
};
type DeliveryBody = { eventId: string; status: string; reason: string | null; attempts: number };
type Scene = { merchant: TestMerchant; receiver: Receiver; endpoint: EndpointBody };

async function endpointThat(
  answers: () => Reply | Promise<Reply>,
  settings: Record<string, unknown> = {},
): Promise<Scene> {
  const [merchant, receiver] = await Promise.all([world.newMerchant(), startReceiver()]);
  receivers.push(receiver);
  receiver.answerWith(answers);
  const { body, status } = await merchant.api<EndpointBody>('POST', '/v1/endpoints', {
    body: { url: receiver.url, eventTypes: ['order.created'], ...settings },
  });
  expect(status).toBe(201);
  return { merchant, receiver, endpoint: body };
}

const works = (): Reply => ({ status: 204 });
const undelivered = async ({ merchant, endpoint }: Scene) => {
  const { body } = await merchant.api<{ data: DeliveryBody[] }>(
    'GET',
    `/v1/deliveries?endpointId=${endpoint.id}&status=dead,dropped`,
  );
  return body.data;
};
const change = ({ merchant, endpoint }: Scene, body: Record<string, unknown>) =>
  merchant.api<EndpointBody>('PATCH', `/v1/endpoints/${endpoint.id}`, { body });

describe.concurrent('an endpoint', () => {
  test('keeps its credentials to itself, and sends them with every delivery', async () => {
    const { merchant, receiver, endpoint } = await endpointThat(works, {
      headers: { 'X-Shop': 'tea' },
      auth: { kind: 'bearer', token: 'very-secret-token' },
    });
    expect(endpoint).toMatchObject({ headerNames: ['X-Shop'], auth: 'bearer' });
    const { body } = await merchant.api('GET', `/v1/endpoints/${endpoint.id}`);
    expect(JSON.stringify(body)).not.toContain('very-secret-token');
    const [row] = await world.db.select().from(endpoints).where(eq(endpoints.id, endpoint.id));
    expect(JSON.stringify(row)).not.toContain('very-secret-token');
    await openOrder(merchant);
    await until('told', () => receiver.received.length === 1);
    expect(receiver.received[0]?.headers).toMatchObject({
      authorization: 'Bearer very-secret-token',
      'x-shop': 'tea',
    });
  });

  test('is refused with every wrong field named at once', async () => {
    const merchant = await world.newMerchant();
    const { status, body } = await merchant.api<{ errors: { field: string }[] }>(
      'POST',
      '/v1/endpoints',
      {
        body: {
          url: 'https://shop.example/',
          filter: { 'data.amountMinor': { $regex: '.*' } },
          headers: { 'Webhook-Id': 'mine' },
        },
      },
    );
    expect(status).toBe(400);
    const fields = body.errors.map(({ field }) => field);
    expect(fields.some((field) => field.startsWith('/filter'))).toBe(true);
    expect(fields.some((field) => field.startsWith('/headers'))).toBe(true);
  });

  test('is changed in part: what is left out stays as it is', async () => {
    const scene = await endpointThat(works, { headers: { 'X-A': '1' }, description: 'first' });
    const { body } = await change(scene, { auth: { kind: 'basic', username: 'u', password: 'p' } });
    expect(body).toMatchObject({ headerNames: ['X-A'], auth: 'basic', description: 'first' });
    await openOrder(scene.merchant);
    await until('told', () => scene.receiver.received.length === 1);
    expect(scene.receiver.received[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      'x-a': '1',
    });
  });

  test('that is paused gets everything once it is resumed', async () => {
    const scene = await endpointThat(works);
    expect((await change(scene, { status: 'paused' })).body.status).toBe('paused');
    await openOrder(scene.merchant);
    await openOrder(scene.merchant);
    await until('they wait', async () => {
      const rows = await world.db
        .select()
        .from(deliveries)
        .where(eq(deliveries.endpointId, scene.endpoint.id));
      return rows.length === 2 && rows.every(({ status }) => status === 'pending');
    });
    expect(scene.receiver.received).toEqual([]);
    await change(scene, { status: 'enabled' });
    await until('both', () => scene.receiver.received.length === 2);
  });

  test('that is disabled leaves dead letters, and recovers them once it is enabled', async () => {
    const scene = await endpointThat(works, { eventTypes: ['*'] });
    await change(scene, { status: 'paused' });
    const order = await openOrder(scene.merchant);
    await until('it waits', async () => {
      const { body } = await scene.merchant.api<{ data: DeliveryBody[] }>(
        'GET',
        `/v1/deliveries?resourceId=${order.id}&status=pending`,
      );
      return body.data.length > 0;
    });
    const since = new Date(Date.now() - 3_600_000).toISOString();
    await change(scene, { status: 'disabled' });
    const lost = await undelivered(scene);
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(lost.map(({ reason }) => reason))).toEqual(new Set(['endpoint_disabled']));
    const body = { endpointId: scene.endpoint.id, kind: 'recover', since };
    expect((await scene.merchant.api('POST', '/v1/replays', { body: body })).status).toBe(409);
    await change(scene, { status: 'enabled' });
    const { body: replay, status } = await scene.merchant.api<{ id: ReplayId }>(
      'POST',
      '/v1/replays',
      { body: body },
    );
    expect(status).toBe(202);
    await until('recovered', () => scene.receiver.received.length >= lost.length);
    const done = await until('done', async () => {
      const { body } = await scene.merchant.api<{ status: string; queued: number }>(
        'GET',
        `/v1/replays/${replay.id}`,
      );
      return body.status === 'done' && body;
    });
    expect(done.queued).toBe(lost.length);
    await until('nothing is undelivered', async () => (await undelivered(scene)).length === 0);
    // The row is written a moment before its workflow ends.
    const { replayEvents } = workflowIds;
    await until('its workflow has ended', async () => {
      const handle = world.temporal.workflow.getHandle(replayEvents(replay.id));
      return (await handle.describe()).status.name === 'COMPLETED';
    });
  });

  test('that is removed leaves dead letters with that reason, and is unknown from then on', async () => {
    const scene = await endpointThat(works);
    await change(scene, { status: 'paused' });
    await openOrder(scene.merchant);
    await until('it waits', async () => {
      const rows = await world.db
        .select()
        .from(deliveries)
        .where(eq(deliveries.endpointId, scene.endpoint.id));
      return rows.length === 1;
    });
    const path = `/v1/endpoints/${scene.endpoint.id}`;
    expect((await scene.merchant.api('DELETE', path)).status).toBe(204);
    expect((await scene.merchant.api('GET', path)).status).toBe(404);
    expect((await scene.merchant.api('DELETE', path)).status).toBe(404);
    expect(await undelivered(scene)).toMatchObject([{ reason: 'endpoint_deleted' }]);
  });

  test('gets a test event that nobody else gets', async () => {
    const scene = await endpointThat(works);
    const other = await startReceiver();
    receivers.push(other);
    await scene.merchant.api('POST', '/v1/endpoints', {
      body: { url: other.url, eventTypes: ['*'] },
    });
    const { body, status } = await scene.merchant.api<{ eventId: string }>(
      'POST',
      `/v1/endpoints/${scene.endpoint.id}/test`,
    );
    expect(status).toBe(202);
    await until('tested', () => scene.receiver.received.length === 1);
    expect(scene.receiver.received[0]?.event).toMatchObject({
      id: body.eventId,
      type: 'endpoint.test',
    });
    await openOrder(scene.merchant);
    await until('the other hears of the order', () => other.received.length > 0);
    expect(other.received.map(({ event }) => event.type)).not.toContain('endpoint.test');
  });
});

test('an endpoint with a handshake gets nothing before it has answered its challenge', async () => {
  let answersWell = false;
  const merchant = await world.newMerchant();
  const receiver = await startReceiver();
  receivers.push(receiver);
  receiver.answerWith(() => {
    const asked = receiver.received.at(-1)?.event.data as { challenge?: string } | undefined;
    const challenge = answersWell ? asked?.challenge : 'guess';
    return { status: 200, body: JSON.stringify({ challenge }) };
  });
  const { body: endpoint } = await merchant.api<EndpointBody>('POST', '/v1/endpoints', {
    body: { url: receiver.url, eventTypes: ['order.created'], handshake: true },
  });
  expect(endpoint.status).toBe('unverified');
  const path = `/v1/endpoints/${endpoint.id}`;
  const enabling = await merchant.api('PATCH', path, { body: { status: 'enabled' } });
  expect(enabling.status).toBe(409);
  const refused = await merchant.api<{ why: string }>('POST', `${path}/verify`);
  expect([refused.status, refused.body.why]).toEqual([
    409,
    'the answer does not contain the challenge',
  ]);
  await openOrder(merchant);
  answersWell = true;
  expect((await merchant.api<EndpointBody>('POST', `${path}/verify`)).body.status).toBe('enabled');
  const order = await openOrder(merchant);
  await until('the second order', () => receiver.received.length === 3);
  const told = receiver.received.map(({ event }) => event.type);
  expect(told).toEqual(['endpoint.verification', 'endpoint.verification', 'order.created']);
  expect(receiver.received.at(-1)?.event.data.id).toBe(order.id);
});

test('a filter is tried on an event there is, or on one that is made up, and says why', async () => {
  const { merchant, receiver } = await endpointThat(works);
  await openOrder(merchant);
  await until('told', () => receiver.received.length === 1);
  const eventId = receiver.received[0]?.event.id;
  const ask = (body: Record<string, unknown>) =>
    merchant.api<{ matches: boolean; conditions: { actual: unknown; holds: boolean }[] }>(
      'POST',
      '/v1/filters/dry-run',
      { body },
    );
  const filter = { 'data.amountMinor': { $gt: 1_000, $lt: 1_200 } };
  const stored = await ask({ filter, eventId });
  expect(stored.body).toMatchObject({
    matches: false,
    conditions: [
      { actual: 1_250, holds: true },
      { actual: 1_250, holds: false },
    ],
  });
  const made = await ask({ filter, event: { data: { amountMinor: 1_100 } } });
  expect(made.body.matches).toBe(true);
  expect((await ask({ filter: { $what: 1 }, event: {} })).status).toBe(400);
  const stranger = await world.newMerchant();
  const asked = await stranger.api('POST', '/v1/filters/dry-run', { body: { filter, eventId } });
  expect(asked.status).toBe(404);
});

describe.concurrent('a secret', () => {
  test('that is rotated signs beside the new one until its grace is over', async () => {
    const scene = await endpointThat(works);
    const { body: rotated } = await scene.merchant.api<EndpointBody>(
      'POST',
      `/v1/endpoints/${scene.endpoint.id}/rotate-secret`,
      { body: { graceSeconds: 3_600 } },
    );
    await openOrder(scene.merchant);
    await until('told', () => scene.receiver.received.length === 1);
    const [delivery] = scene.receiver.received;
    const headers = delivery!.headers;
    for (const secret of [scene.endpoint.secret, rotated.secret]) {
      expect(() => new Webhook(secret!).verify(delivery!.rawBody, headers)).not.toThrow();
    }
    const again = await scene.merchant.api<{ type: string }>(
      'POST',
      `/v1/endpoints/${scene.endpoint.id}/rotate-secret`,
      { body: { graceSeconds: 3_600 } },
    );
    expect(again.status).toBe(409);
    expect(again.body.type).toContain('rotation-under-way');
  });

  test('that has leaked signs nothing more', async () => {
    const scene = await endpointThat(works);
    await scene.merchant.api('POST', `/v1/endpoints/${scene.endpoint.id}/rotate-secret`, {
      body: { graceSeconds: 0 },
    });
    await openOrder(scene.merchant);
    await until('told', () => scene.receiver.received.length === 1);
    const [delivery] = scene.receiver.received;
    const headers = delivery!.headers;
    const old = new Webhook(scene.endpoint.secret!);
    expect(() => old.verify(delivery!.rawBody, headers)).toThrow('No matching signature found');
  });
});

describe.concurrent('a delivery', () => {
  test('that failed is seen with every attempt, and is sent again at once when a person says so', async () => {
    let isUp = false;
    const scene = await endpointThat(() =>
      isUp ? { status: 204 } : { status: 500, body: 'down', headers: { 'x-why': 'deploy' } },
    );
    await change(scene, { retrySeconds: [3_600] });
    const order = await openOrder(scene.merchant);
    const failed = await until('it has failed', async () => {
      const { body } = await scene.merchant.api<{ data: DeliveryBody[] }>(
        'GET',
        `/v1/deliveries?resourceId=${order.id}&status=pending`,
      );
      return body.data.find(({ attempts }) => attempts === 1);
    });
    const path = `/v1/endpoints/${scene.endpoint.id}/deliveries/${failed.eventId}`;
    const { body: seen } = await scene.merchant.api<{ failedAttempts: unknown[] }>('GET', path);
    expect(seen.failedAttempts).toMatchObject([
      { attempt: 1, statusCode: 500, responseBody: 'down', responseHeaders: { 'x-why': 'deploy' } },
    ]);
    isUp = true;
    expect((await scene.merchant.api('POST', `${path}/retry`)).status).toBe(202);
    await until('delivered', async () => {
      const { body } = await scene.merchant.api<DeliveryBody>('GET', path);
      return body.status === 'delivered' && body.attempts === 2;
    });
    const ids = scene.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([failed.eventId, failed.eventId]);
  });

  test('of another merchant is nobody’s business', async () => {
    const scene = await endpointThat(works);
    const order = await openOrder(scene.merchant);
    await until('told', () => scene.receiver.received.length === 1);
    const stranger = await world.newMerchant();
    const eventId = scene.receiver.received[0]?.event.id;
    const path = `/v1/endpoints/${scene.endpoint.id}`;
    const asked: [string, string, Record<string, unknown>?][] = [
      ['GET', path],
      ['PATCH', path, { status: 'paused' }],
      ['DELETE', path],
      ['POST', `${path}/rotate-secret`, {}],
      ['POST', `${path}/test`],
      ['GET', `${path}/deliveries/${eventId}`],
      ['POST', `${path}/deliveries/${eventId}/retry`],
      [
        'POST',
        '/v1/replays',
        { endpointId: scene.endpoint.id, kind: 'replay', since: '2026-01-01T00:00:00Z' },
      ],
    ];
    for (const [method, url, body] of asked) {
      const answer = await stranger.api(method, url, body ? { body } : {});
      expect([method, url, answer.status]).toEqual([method, url, 404]);
    }
    for (const query of [`endpointId=${scene.endpoint.id}`, `resourceId=${order.id}`]) {
      const { body } = await stranger.api<{ data: unknown[] }>('GET', `/v1/deliveries?${query}`);
      expect(body.data).toEqual([]);
    }
  });

  test('is replayed whether it had arrived or not, also to an endpoint that came later', async () => {
    const scene = await endpointThat(works);
    await openOrder(scene.merchant);
    await openOrder(scene.merchant);
    // What is still under way is left alone: written as delivered, not only received.
    await until('delivered', async () => {
      const { body } = await scene.merchant.api<{ data: DeliveryBody[] }>(
        'GET',
        `/v1/deliveries?endpointId=${scene.endpoint.id}&status=delivered`,
      );
      return body.data.length === 2;
    });
    const late = await startReceiver();
    receivers.push(late);
    const { body } = await scene.merchant.api<EndpointBody>('POST', '/v1/endpoints', {
      body: { url: late.url, eventTypes: ['order.created'] },
    });
    const since = new Date(Date.now() - 3_600_000).toISOString();
    for (const endpointId of [scene.endpoint.id, body.id]) {
      await scene.merchant.api('POST', '/v1/replays', {
        body: { endpointId, kind: 'replay', since, eventTypes: ['order.created'] },
      });
    }
    await until('again', () => scene.receiver.received.length === 4);
    await until('for the first time', () => late.received.length === 2);
    const ids = (receiver: Receiver) => new Set(receiver.received.map(({ event }) => event.id));
    expect(ids(late)).toEqual(ids(scene.receiver));
  });
});

test('an order’s own notifyUrl hears of that order, signed, and of no other', async () => {
  const receiver = await startReceiver();
  receivers.push(receiver);
  receiver.answerWith(works);
  const merchant = await world.newMerchant();
  const order = await openOrder(merchant, { notifyUrl: receiver.url });
  await openOrder(merchant);
  await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
  await until('created and closed', () => receiver.received.length === 2);
  expect(receiver.received.map(({ event }) => event.type)).toEqual([
    'order.created',
    'order.closed',
  ]);
  const { body } = await merchant.api<{ secret: string }>('GET', '/v1/signing-secret');
  for (const { rawBody, headers, event } of receiver.received) {
    expect(event.data.id).toBe(order.id);
    expect(() => new Webhook(body.secret).verify(rawBody, headers)).not.toThrow();
  }
  const { body: listed } = await merchant.api<{ data: unknown[] }>('GET', '/v1/endpoints');
  expect(listed.data).toEqual([]);
});

describe('the figures of an endpoint', () => {
  test('say how long its events waited and travelled, and nothing before the first', async () => {
    const scene = await endpointThat(works);
    const { merchant, endpoint } = scene;
    const read = () =>
      merchant.api<{
        sent: number;
        delivered: number;
        delayMs: number | null;
        window: number | null;
      }>('GET', `/v1/endpoints/${endpoint.id}/traffic`);
    expect((await read()).body).toMatchObject({ sent: 0, delayMs: null, window: null });
    for (let n = 0; n < 3; n++) await openOrder(merchant);
    const { body } = await until('the figures', async () => {
      const answer = await read();
      return answer.body.delivered === 3 && answer;
    });
    expect(body).toMatchObject({ endpointId: endpoint.id, sent: 3 });
    expect(body.delayMs).toBeGreaterThan(0);
    expect(body.window).toBeGreaterThan(0);
    const other = await world.newMerchant();
    expect((await other.api('GET', `/v1/endpoints/${endpoint.id}/traffic`)).status).toBe(404);
  });
});
