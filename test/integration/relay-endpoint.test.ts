import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { and, asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deliveries,
  deliveryAttempts,
  dispatchCursors,
  endpoints,
  events,
} from '../../db/schema/index.ts';
import { initialWindow } from '../../domain/congestion.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import { createDeliveryRuns } from '../../services/notifications/delivery-runs.ts';
import { createEndpointSignaller } from '../../services/notifications/endpoint-signaller.ts';
import { createLogger } from '../../telemetry/logger.ts';
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

type Scene = { merchant: TestMerchant; receiver: Receiver; endpointId: EndpointId };

/** A merchant of its own with one endpoint, which answers as it is told. */
async function endpointThat(
  answers: (attempt: number) => Reply | Promise<Reply>,
  settings?: Record<string, unknown>,
): Promise<Scene> {
  const [merchant, receiver] = await Promise.all([world.newMerchant(), startReceiver()]);
  receivers.push(receiver);
  let attempts = 0;
  receiver.answerWith(() => answers((attempts += 1)));
  const endpointId = await addEndpoint(merchant, receiver.url, settings);
  return { merchant, receiver, endpointId };
}

async function addEndpoint(
  merchant: TestMerchant,
  url: string,
  settings: Record<string, unknown> = {},
): Promise<EndpointId> {
  const { body, status } = await merchant.api<{ id: EndpointId }>('POST', '/v1/endpoints', {
    body: { url, eventTypes: ['order.created'], ...settings },
  });
  expect(status).toBe(201);
  return body.id;
}

const deliveriesOf = (endpointId: EndpointId) =>
  world.db
    .select()
    .from(deliveries)
    .where(eq(deliveries.endpointId, endpointId))
    .orderBy(asc(deliveries.position));

const deliveryTo = (endpointId: EndpointId) => deliveriesOf(endpointId).then(([first]) => first);

const deliveryIs = (endpointId: EndpointId, status: 'pending' | 'delivered' | 'dead') =>
  until(`the delivery is ${status}`, async () => {
    const delivery = await deliveryTo(endpointId);
    return delivery?.status === status && delivery.attempts > 0 ? delivery : undefined;
  });

const attemptsAt = (endpointId: EndpointId) =>
  world.db
    .select()
    .from(deliveryAttempts)
    .where(eq(deliveryAttempts.endpointId, endpointId))
    .orderBy(asc(deliveryAttempts.attempt));

async function endpointOf(endpointId: EndpointId) {
  const [row] = await world.db.select().from(endpoints).where(eq(endpoints.id, endpointId));
  return row!;
}

const workflowOf = (endpointId: EndpointId) =>
  world.temporal.workflow.getHandle(workflowIds.deliverToEndpoint(endpointId));

/** What its workflow says of itself once a round is over. */
const detailsOf = (endpointId: EndpointId) =>
  until('the workflow says what it is doing', async () => {
    const { currentDetails } = await workflowOf(endpointId)
      .query<{ currentDetails?: string }>('__temporal_workflow_metadata')
      // The rows are the workflow's a moment before it is started.
      .catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return { currentDetails: '' };
        throw error;
      });
    return currentDetails === undefined || currentDetails === '' ? undefined : currentDetails;
  });

async function historyOf(endpointId: EndpointId) {
  return (await workflowOf(endpointId).fetchHistory()).events ?? [];
}

async function signalsTo(endpointId: EndpointId): Promise<number> {
  const history = await historyOf(endpointId);
  return history.filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}

async function roundsOf(endpointId: EndpointId): Promise<number> {
  const types = (await historyOf(endpointId)).map(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
  );
  return types.filter((type) => type === 'deliverDue').length;
}

const isHandedBack = (endpointId: EndpointId) =>
  until('handed back to the relay', async () => {
    if ((await endpointOf(endpointId)).deliveryOwner !== 'relay') return false;
    const { status } = await workflowOf(endpointId).describe();
    return status.name === 'COMPLETED';
  });

/** How long after the end of its last attempt a delivery waits for the next. */
async function waitOf(endpointId: EndpointId): Promise<number> {
  const delivery = await deliveryIs(endpointId, 'pending');
  const attempt = (await attemptsAt(endpointId)).at(-1);
  return (delivery.nextAttemptAt?.getTime() ?? 0) - (attempt?.startedAt.getTime() ?? 0);
}

describe.concurrent('an endpoint that answers 500', () => {
  test('gets the same event again after 5 s, and is then the relay’s again', async () => {
    const { merchant, receiver, endpointId } = await endpointThat((attempt) =>
      attempt === 1 ? { status: 500, body: 'our database is down' } : { status: 200 },
    );
    const order = await openOrder(merchant);
    const waitMs = await waitOf(endpointId);
    expect(waitMs).toBeGreaterThan(3_900);
    expect(waitMs).toBeLessThan(7_000);
    expect((await endpointOf(endpointId)).deliveryOwner).toBe('workflow');
    const details = await detailsOf(endpointId);
    expect(details).toMatch(/^1 deliveries outstanding, window \d+, next attempt \d{4}-/);

    const delivery = await deliveryIs(endpointId, 'delivered');
    expect(delivery).toMatchObject({ attempts: 2, lastStatusCode: 200, lastError: null });
    expect(await attemptsAt(endpointId)).toMatchObject([
      { attempt: 1, statusCode: 500, error: null, responseBody: 'our database is down' },
    ]);
    const [first, second] = receiver.received;
    expect(first?.event.data.id).toBe(order.id);
    expect(second?.rawBody).toBe(first?.rawBody);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.headers['webhook-id']).toBe(first?.event.id);
    await isHandedBack(endpointId);

    // And from here on first attempts are the relay's again.
    await openOrder(merchant);
    await until('the next event', () => receiver.received.length === 3);
    const description = await workflowOf(endpointId).describe();
    expect(description.status.name).toBe('COMPLETED');
  });

  test('meanwhile gets its other events too, from the workflow and not in a rush of its own', async () => {
    const { merchant, receiver, endpointId } = await endpointThat((attempt) =>
      attempt === 1 ? { status: 500 } : { status: 204 },
    );
    await openOrder(merchant);
    await until('in the care of the workflow', async () => {
      return (await endpointOf(endpointId)).deliveryOwner === 'workflow';
    });
    const more = await Promise.all([openOrder(merchant), openOrder(merchant)]);
    await until('all of them', () => receiver.received.length === 4);
    const told = new Set(receiver.received.map(({ event }) => event.data.id));
    for (const { id } of more) expect(told).toContain(id);
    await isHandedBack(endpointId);
    const rows = await world.db
      .select()
      .from(deliveries)
      .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.status, 'delivered')));
    expect(rows).toHaveLength(3);
  });

  test('is told of new work only while no round is under way, which looks for itself', async () => {
    let release = (_reply: Reply) => {};
    const released = new Promise<Reply>((resolve) => (release = resolve));
    const { merchant, receiver, endpointId } = await endpointThat(
      (attempt) => (attempt === 1 ? { status: 500 } : released),
      { retrySeconds: [3_600] },
    );
    await openOrder(merchant);
    await detailsOf(endpointId);
    // Within the second in which it was told of the first, and nothing else will make it look for an hour.
    await openOrder(merchant);
    await until('a round that hangs', () => receiver.received.length === 2);
    const before = await signalsTo(endpointId);
    for (const seconds of [1, 2]) {
      await openOrder(merchant);
      await until('the workflow has it', async () => {
        const rows = await deliveriesOf(endpointId);
        return (
          rows.length === 2 + seconds &&
          rows.every(({ deliveryOwner }) => deliveryOwner === 'workflow')
        );
      });
      await sleep(1_100);
    }
    expect(await signalsTo(endpointId)).toBe(before);
    release({ status: 204 });
    await until('all', () => receiver.received.length === 4);
  });
});

describe.concurrent('an endpoint that is closed after it has failed again and again', () => {
  async function closed(answers: () => Reply) {
    const scene = await endpointThat(answers, { retrySeconds: [3_600] });
    await openOrder(scene.merchant);
    await until('in the care of its workflow', async () => {
      return (await endpointOf(scene.endpointId)).deliveryOwner === 'workflow';
    });
    await until('closed', async () => {
      await openOrder(scene.merchant);
      return (await endpointOf(scene.endpointId)).congestion?.window === 0;
    });
    return scene;
  }

  test('is probed within the round that closed it, and gets what came meanwhile', async () => {
    let status = 500;
    const { merchant, receiver, endpointId } = await closed(() => ({ status }));
    const [rounds, signals] = [await roundsOf(endpointId), await signalsTo(endpointId)];
    status = 204;
    const order = await openOrder(merchant);
    await until('told', () => receiver.received.some(({ event }) => event.data.id === order.id));
    expect(await roundsOf(endpointId)).toBe(rounds);
    expect(await signalsTo(endpointId)).toBe(signals);
  });

  test('is left alone as soon as its owner pauses it', async () => {
    const { merchant, receiver, endpointId } = await closed(() => ({ status: 500 }));
    const before = receiver.received.length;
    const patch = { body: { status: 'paused' } };
    await merchant.api('PATCH', `/v1/endpoints/${endpointId}`, patch);
    await openOrder(merchant);
    await until('its workflow waits for its owner', async () =>
      (await detailsOf(endpointId)).startsWith('Paused.'),
    );
    expect(receiver.received).toHaveLength(before);
  });
});

describe.concurrent('a workflow of an endpoint that the relay has closed', () => {
  const startOf = (endpointId: EndpointId) =>
    until('it has started', async () => {
      const { startTime } = await workflowOf(endpointId)
        .describe()
        .catch((error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return { startTime: undefined };
          throw error;
        });
      return startTime?.getTime();
    });

  const newSignaller = () =>
    createEndpointSignaller({
      client: world.temporal,
      taskQueue: world.config.temporal.taskQueue,
      logger: createLogger({ level: 'silent', name: 'test' }),
      runs: createDeliveryRuns(),
      stopping: new AbortController().signal,
    });

  test('starts when it may be tried again, and not before', async () => {
    const { endpointId } = await endpointThat(() => ({ status: 204 }));
    const notBeforeMs = Date.now() + 1_500;
    const wake = newSignaller();
    wake([{ endpointId, notBeforeMs }]);
    wake([{ endpointId, notBeforeMs }]);
    // A server's clock and this process's timers may be some milliseconds apart.
    expect(await startOf(endpointId)).toBeGreaterThan(notBeforeMs - 100);
    expect(await signalsTo(endpointId)).toBe(1);
  });

  test('starts at once where the latest that is known of it says so', async () => {
    const { endpointId } = await endpointThat(() => ({ status: 204 }));
    const beganMs = Date.now();
    const wake = newSignaller();
    wake([{ endpointId, notBeforeMs: beganMs + 29_000 }]);
    wake([{ endpointId, notBeforeMs: 0 }]);
    expect(await startOf(endpointId)).toBeLessThan(beganMs + 29_000);
  });

  test('starts at once where it is to wait for long: what this process waits for is lost with it', async () => {
    const { endpointId } = await endpointThat(() => ({ status: 204 }));
    const notBeforeMs = Date.now() + 3_600_000;
    newSignaller()([{ endpointId, notBeforeMs }]);
    expect(await startOf(endpointId)).toBeLessThan(notBeforeMs);
  });
});

describe.concurrent('an endpoint that is well again while an event waits for an hour', () => {
  const retrySeconds = [3_600];

  /** One event failed, the next arrived by the workflow. */
  async function recovered(settings: Record<string, unknown>) {
    const scene = await endpointThat((attempt) => ({ status: attempt === 1 ? 500 : 204 }), {
      retrySeconds,
      ...settings,
    });
    await openOrder(scene.merchant);
    await deliveryIs(scene.endpointId, 'pending');
    await openOrder(scene.merchant);
    await until('the second', () => scene.receiver.received.length === 2);
    return scene;
  }

  test('is the relay’s at once, and its workflow keeps what waits and ends with it', async () => {
    const { merchant, receiver, endpointId } = await recovered({});
    await until(
      'the relay’s',
      async () => (await endpointOf(endpointId)).deliveryOwner === 'relay',
    );
    await openOrder(merchant);
    const rows = await until('all but the first delivered', async () => {
      const all = await deliveriesOf(endpointId);
      return all.filter(({ status }) => status === 'delivered').length === 2 ? all : undefined;
    });
    expect(rows.map(({ deliveryOwner, status }) => ({ deliveryOwner, status }))).toEqual([
      { deliveryOwner: 'workflow', status: 'pending' },
      { deliveryOwner: 'workflow', status: 'delivered' },
      { deliveryOwner: 'relay', status: 'delivered' },
    ]);
    const { status } = await workflowOf(endpointId).describe();
    expect(status.name).toBe('RUNNING');

    const retry = `/v1/endpoints/${endpointId}/deliveries/${rows[0]?.eventId}/retry`;
    expect((await merchant.api('POST', retry)).status).toBeLessThan(300);
    await until('the first as well', () => receiver.received.length === 4);
    await isHandedBack(endpointId);
  });

  test.each([{ ordering: 'resource' }, { ratePerSecond: 50 }, { maxConcurrency: 5 }])(
    'stays its workflow’s where two beside each other could not keep to %o',
    async (settings) => {
      const { merchant, endpointId } = await recovered(settings);
      await openOrder(merchant);
      const rows = await until('two delivered', async () => {
        const all = await deliveriesOf(endpointId);
        return all.filter(({ status }) => status === 'delivered').length === 2 ? all : undefined;
      });
      expect(rows.map(({ deliveryOwner }) => deliveryOwner)).toEqual([
        'workflow',
        'workflow',
        'workflow',
      ]);
      expect((await endpointOf(endpointId)).deliveryOwner).toBe('workflow');
    },
  );
});

describe.concurrent('an endpoint that asks for time', () => {
  test('by Retry-After in seconds gets more of it than the schedule gives', async () => {
    const { merchant, endpointId } = await endpointThat(() => ({
      status: 503,
      headers: { 'retry-after': '120' },
    }));
    await openOrder(merchant);
    const waitMs = await waitOf(endpointId);
    expect(waitMs).toBeGreaterThanOrEqual(120_000);
    expect(waitMs).toBeLessThan(125_000);
  });

  test('by Retry-After as a date gets it too', async () => {
    const { merchant, endpointId } = await endpointThat(() => ({
      status: 429,
      headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
    }));
    await openOrder(merchant);
    expect(await waitOf(endpointId)).toBeGreaterThan(58_000);
  });

  test('never gets less than the schedule gives', async () => {
    const { merchant, endpointId } = await endpointThat(() => ({
      status: 503,
      headers: { 'retry-after': '0' },
    }));
    await openOrder(merchant);
    expect(await waitOf(endpointId)).toBeGreaterThan(3_900);
  });
});

describe.concurrent('an endpoint that', () => {
  test('says 410 is disabled at once; what it did not get is a visible dead letter', async () => {
    const { merchant, receiver, endpointId } = await endpointThat(() => ({ status: 410 }));
    await openOrder(merchant);
    expect(await deliveryIs(endpointId, 'dead')).toMatchObject({
      endReason: 'gone',
      lastStatusCode: 410,
      attempts: 1,
    });
    expect(await endpointOf(endpointId)).toMatchObject({
      status: 'disabled',
      disabledReason: 'the receiver answered 410 Gone',
    });
    expect(await attemptsAt(endpointId)).toMatchObject([{ attempt: 1, statusCode: 410 }]);
    const second = await openOrder(merchant);
    // The feed goes on without it.
    await until('the next event was looked at', async () => {
      const [event] = await world.db.select().from(events).where(eq(events.resourceId, second.id));
      const [cursor] = await world.db.select().from(dispatchCursors);
      return event && cursor && event.position !== null && cursor.position >= event.position;
    });
    expect(receiver.received).toHaveLength(1);
  });

  test('redirects has failed, and is not followed', async () => {
    const elsewhere = await startReceiver();
    receivers.push(elsewhere);
    const { merchant, endpointId } = await endpointThat(() => ({
      status: 302,
      headers: { location: elsewhere.url },
    }));
    await openOrder(merchant);
    expect(await deliveryIs(endpointId, 'pending')).toMatchObject({ lastStatusCode: 302 });
    expect(elsewhere.received).toEqual([]);
  });

  test('is not there at all has failed, with the reason in words', async () => {
    const merchant = await world.newMerchant();
    const endpointId = await addEndpoint(merchant, 'http://127.0.0.1:9/nobody');
    await openOrder(merchant);
    expect(await deliveryIs(endpointId, 'pending')).toMatchObject({
      lastStatusCode: null,
      lastError: 'econnrefused',
    });
  });

  test('breaks the connection instead of answering has failed', async () => {
    const merchant = await world.newMerchant();
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpointId = await addEndpoint(merchant, `http://127.0.0.1:${port}/`);
    await openOrder(merchant);
    const { lastStatusCode, lastError } = await deliveryIs(endpointId, 'pending');
    expect(lastStatusCode).toBeNull();
    // As the socket's end is seen: closed, or reset.
    expect(['socket', 'econnreset']).toContain(lastError);
    await new Promise((resolve) => server.close(resolve));
  });

  test('hangs holds up neither its neighbour nor another merchant', async () => {
    const hanging = await endpointThat(() => new Promise<Reply>(() => {}));
    const neighbour = await startReceiver();
    receivers.push(neighbour);
    await addEndpoint(hanging.merchant, neighbour.url);
    const other = await endpointThat(() => ({ status: 204 }));
    await Promise.all(Array.from({ length: 5 }, () => openOrder(hanging.merchant)));
    await openOrder(other.merchant);
    await until('the others were told', () => {
      return neighbour.received.length === 5 && other.receiver.received.length === 1;
    });
    // As many as its window lets begin.
    expect(hanging.receiver.received).toHaveLength(initialWindow);
    expect((await deliveryTo(hanging.endpointId))?.status).toBe('pending');
  });
});

describe.concurrent('a delivery', () => {
  test('whose event belongs to one merchant never reaches another’s endpoint', async () => {
    const [mine, theirs] = await Promise.all([
      endpointThat(() => ({ status: 204 })),
      endpointThat(() => ({ status: 204 })),
    ]);
    const order = await openOrder(mine.merchant);
    await until('told', () => mine.receiver.received.length === 1);
    const delivery = await deliveryIs(mine.endpointId, 'delivered');
    expect(delivery.eventId).toBe(mine.receiver.received[0]?.event.id as EventId);
    expect(mine.receiver.received[0]?.event.data.id).toBe(order.id);
    expect(theirs.receiver.received).toEqual([]);
  });
});
