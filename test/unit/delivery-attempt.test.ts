import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newSecret } from '../../delivery/send/sign.ts';
import { openDelivering, paidEvent } from '../support/delivering.ts';
import { measureStalls } from '../support/loop-stall.ts';
import type { Endpoint } from '../support/delivering.ts';

let scene: ReturnType<typeof openDelivering>;
beforeEach(() => {
  scene = openDelivering();
});
afterEach(() => scene.close());

const dayMs = 86_400_000;
const minutesFromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000);

describe('an attempt', () => {
  test('at a receiver that takes it is a delivery, signed and as it was stored', async () => {
    const { secret } = newSecret('hmac');
    const { url, got } = await scene.receiver();
    const delivery = paidEvent(scene.endpoint({ secret, settings: { url } }), { attempts: 2 });
    const { eventId, endpoint } = delivery;
    expect(await scene.attempt(delivery)).toEqual({
      kind: 'delivered',
      statusCode: 204,
      attempt: 3,
      eventId,
      endpointId: endpoint.id,
    });
    const [request] = got;
    expect(request?.body.toString()).toBe(delivery.body);
    const headers = request?.headers as Record<string, string>;
    expect(headers['webhook-id']).toBe(eventId);
    expect(headers['webhook-key-id']).toBeUndefined();
    expect(() => new Webhook(secret).verify(delivery.body, headers)).not.toThrow();
  });

  test('at a receiver that fails is tried again, with what it said', async () => {
    const { url } = await scene.receiver(() => ({
      status: 500,
      headers: { 'x-trace': 'abc', 'set-cookie': 'a=b' },
      body: 'sorry',
    }));
    const outcome = await scene.attempt(paidEvent(scene.endpoint({ settings: { url } })));
    expect(outcome).toMatchObject({
      kind: 'retry',
      attempt: 1,
      statusCode: 500,
      error: null,
      responseBody: 'sorry',
      responseHeaders: { 'x-trace': 'abc' },
    });
    expect(outcome).not.toHaveProperty('retryAfterMs');
    expect(JSON.stringify(outcome)).not.toContain('cookie');
  });

  test.each(['xml', 'form', 'cloudevents'] as const)(
    'is one of 150 with thousands of values as %s, and nobody waits for all of them',
    async (format) => {
      const { url } = await scene.receiver();
      const endpoint = scene.endpoint({ settings: { url, format } });
      const data = { x: Array.from({ length: 9_900 }, () => 1) };
      const attempts = Array.from({ length: 150 }, () => {
        const delivery = paidEvent(endpoint);
        const envelope = JSON.parse(delivery.body) as Record<string, unknown>;
        return { ...delivery, body: JSON.stringify({ ...envelope, data }) };
      });
      const stalls = measureStalls();
      const outcomes = await Promise.all(attempts.map((delivery) => scene.attempt(delivery)));
      const stallMs = stalls.longestCpuMs();
      stalls.stop();
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['delivered']));
      expect(stallMs).toBeLessThan(250);
    },
  );

  test('at a receiver that is gone ends it', async () => {
    const { url } = await scene.receiver(() => ({ status: 410 }));
    const outcome = await scene.attempt(paidEvent(scene.endpoint({ settings: { url } })));
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'gone', statusCode: 410 });
  });

  test('of what is sent once at the most is not made again', async () => {
    const { url } = await scene.receiver(() => ({ status: 503 }));
    const delivery = paidEvent(scene.endpoint({ settings: { url } }), { isAtMostOnce: true });
    expect(await scene.attempt(delivery)).toMatchObject({ kind: 'dead', reason: 'exhausted' });
  });

  test('that would be too late is not made', async () => {
    const { url, seen } = await scene.receiver();
    const endpoint = scene.endpoint({ settings: { url } });
    const late = paidEvent(endpoint, { expiresAt: minutesFromNow(-1), attempts: 2 });
    expect(await scene.attempt(late)).toEqual({
      kind: 'dropped',
      reason: 'expired',
      attempt: 2,
      eventId: late.eventId,
      endpointId: endpoint.id,
    });
    expect(seen.connections).toBe(0);
    const inTime = paidEvent(endpoint, { expiresAt: minutesFromNow(1) });
    expect(await scene.attempt(inTime)).toMatchObject({ kind: 'delivered' });
  });
});

const about = (seconds: number) => ({
  kind: 'retry',
  // +-20 %, and no other schedule here comes near.
  delayMs: expect.toSatisfy((ms: number) => Math.abs(ms / 1_000 - seconds) <= seconds * 0.2),
});

describe('a receiver’s Retry-After', () => {
  const askedAt = async (status: number, retryAfter: string) => {
    const { url } = await scene.receiver(() => ({
      status,
      headers: { 'retry-after': retryAfter },
    }));
    return scene.attempt(paidEvent(scene.endpoint({ settings: { url } })));
  };

  test.each([429, 503])('with %d is passed on and lengthens the wait', async (status) => {
    expect(await askedAt(status, '120')).toMatchObject({ delayMs: 120_000, retryAfterMs: 120_000 });
    const short = await askedAt(status, '1');
    expect(short).toMatchObject({ kind: 'retry', retryAfterMs: 1_000 });
    expect(short).toMatchObject(about(5));
  });

  test('with another status lengthens this event’s wait only', async () => {
    const outcome = await askedAt(500, '120');
    expect(outcome).toMatchObject({ kind: 'retry', delayMs: 120_000 });
    expect(outcome).not.toHaveProperty('retryAfterMs');
  });

  test('of years is one day', async () => {
    expect(await askedAt(503, '999999999')).toMatchObject({ delayMs: dayMs, retryAfterMs: dayMs });
  });
});

describe('the retry schedule', () => {
  const failingAfter = async (attempts: number, settings: Partial<Endpoint>) => {
    const { url } = await scene.receiver(() => ({ status: 500 }));
    return scene.attempt(
      paidEvent(scene.endpoint({ settings: { url, ...settings } }), { attempts }),
    );
  };

  test('is the platform’s where nothing else is said', async () => {
    expect(await failingAfter(1, {})).toMatchObject(about(300));
    expect(await failingAfter(9, {})).toMatchObject({ kind: 'dead', reason: 'exhausted' });
  });

  test('is the endpoint’s before that', async () => {
    const settings = { retrySeconds: [10, 1_000] };
    expect(await failingAfter(1, settings)).toMatchObject(about(1_000));
    expect(await failingAfter(2, settings)).toMatchObject({ kind: 'dead', reason: 'exhausted' });
    expect(await failingAfter(0, { retrySeconds: [] })).toMatchObject({ kind: 'dead' });
  });

  test('is before all that of the first rule for the type that has one', async () => {
    const rules = [
      { eventTypes: ['refund.*'], retrySeconds: [20] },
      { eventTypes: ['order.*'], ttlSeconds: 60 },
      { eventTypes: ['order.paid'], retrySeconds: [3_000] },
      { eventTypes: ['*'], retrySeconds: [40] },
    ];
    expect(await failingAfter(0, { rules, retrySeconds: [10] })).toMatchObject(about(3_000));
    expect(await failingAfter(0, { rules: rules.slice(0, 2), retrySeconds: [10] })).toMatchObject(
      about(10),
    );
  });
});

describe('one endpoint’s trouble is a failed attempt, not a fault:', () => {
  const failedWith = (error: string) => ({ kind: 'retry', statusCode: null, error });

  test('a secret that does not open', async () => {
    const endpoint = { ...scene.endpoint({}), sealedSecret: 'nonsense' };
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject(failedWith('secret_unreadable'));
  });

  test('an access that does not open', async () => {
    const endpoint = { ...scene.endpoint({}), sealedAccess: 'nonsense' };
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject(failedWith('access_unreadable'));
  });

  test('an event that cannot be put into its format', async () => {
    const endpoint = scene.endpoint({ settings: { format: 'xml' } });
    const delivery = paidEvent(endpoint, { body: '{' });
    expect(await scene.attempt(delivery)).toMatchObject(failedWith('unencodable'));
  });

  test('an address that is refused', async () => {
    const endpoint = scene.endpoint({ settings: { url: 'ftp://shop.example/' } });
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject(
      failedWith('scheme_not_allowed'),
    );
  });
});

describe('a rotated secret', () => {
  const [before, after] = [newSecret('hmac').secret, newSecret('hmac').secret];

  test('signs first, and the one before signs too until its grace is over', async () => {
    const { url, got } = await scene.receiver();
    const rotated = { secret: after, previousSecret: before };
    for (const minutes of [1, -1]) {
      const settings = { url, previousSecretUntil: minutesFromNow(minutes) };
      await scene.attempt(paidEvent(scene.endpoint({ ...rotated, settings })));
    }
    const [during, over] = got.map(({ body, headers }) => ({
      body: body.toString(),
      headers: headers as Record<string, string>,
    }));
    for (const secret of [before, after]) {
      expect(() => new Webhook(secret).verify(during!.body, during!.headers)).not.toThrow();
    }
    const signatures = during!.headers['webhook-signature']!.split(' ');
    expect(signatures).toHaveLength(2);
    const current = { ...during!.headers, 'webhook-signature': signatures[0]! };
    expect(() => new Webhook(after).verify(during!.body, current)).not.toThrow();
    expect(() => new Webhook(after).verify(over!.body, over!.headers)).not.toThrow();
    expect(() => new Webhook(before).verify(over!.body, over!.headers)).toThrow(/signature/);
  });

  test('is used from the next delivery on, as is every other change of the endpoint', async () => {
    const { url, got } = await scene.receiver();
    const first = scene.endpoint({ secret: before, settings: { url } });
    const { id } = first;
    const second = scene.endpoint({ secret: after, settings: { url, id } });
    const access = { headers: { 'x-shop': '7' } };
    const third = scene.endpoint({ secret: after, access, settings: { url, id, format: 'xml' } });
    const fourth = { ...third, payloadVersion: '2027-01-01', payload: 'id' as const };
    for (const endpoint of [first, second, third, fourth, { ...fourth }]) {
      expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({ kind: 'delivered' });
    }
    const said = got.map(({ headers, body }) => {
      const isOld = [before, after].map((secret) => {
        try {
          new Webhook(secret).verify(body.toString(), headers as Record<string, string>, {
            jsonParse: false,
          });
          return true;
        } catch {
          return false;
        }
      });
      return [
        ...isOld,
        headers['x-shop'],
        headers['content-type'],
        headers['tender-payload-version'],
      ];
    });
    const json = 'application/json';
    const xml = 'application/xml';
    expect(said).toEqual([
      [true, false, undefined, json, '2026-11-01'],
      [false, true, undefined, json, '2026-11-01'],
      [false, true, '7', xml, '2026-11-01'],
      [false, true, '7', xml, '2027-01-01'],
      [false, true, '7', xml, '2027-01-01'],
    ]);
    expect(got[3]?.body.toString()).not.toContain('amountMinor');
  });
});
