import { createHmac } from 'node:crypto';
import type { Arrival, Evidence, Findings } from '../evidence.ts';
import { query } from '../evidence.ts';
import type { Verdicts } from './verdicts.ts';

type Delivery = {
  event_id: string;
  endpoint_id: string;
  status: string;
  end_reason: string | null;
};

/** 9: every event reaches whoever asked for it, always the same; what could not be is seen to be dead. */
export async function checkDeliveries(
  evidence: Evidence,
  found: Findings,
  verdicts: Verdicts,
): Promise<void> {
  const { expect } = verdicts;
  const deliveries = await query<Delivery>(evidence.databaseUrl, 'select * from deliveries');
  const endpoints = await query<{ id: string; status: string }>(
    evidence.databaseUrl,
    'select id, status from endpoints',
  );
  const byKey = new Map(deliveries.map((one) => [`${one.endpoint_id} ${one.event_id}`, one]));
  const arrivals = new Map<string, Arrival[]>();
  for (const arrival of found.arrivals) {
    const key = `${arrival.path} ${arrival.id}`;
    arrivals.set(key, [...(arrivals.get(key) ?? []), arrival]);
  }
  for (const { id: endpointId, path, secret, eventTypes } of evidence.endpoints) {
    const isEnabled = endpoints.find(({ id }) => id === endpointId)?.status === 'enabled';
    for (const { id, type, body } of found.events) {
      const delivery = byKey.get(`${endpointId} ${id}`);
      const copies = arrivals.get(`${path} ${id}`) ?? [];
      if (!eventTypes.some((pattern) => matches(pattern, type))) {
        expect(9, !delivery && copies.length === 0, `${id} (${type}) went to ${path}`);
        continue;
      }
      const isTaken = copies.some(({ answered }) => answered === 204);
      const status = delivery?.status ?? 'not there';
      if (status === 'dead') {
        expect(9, delivery?.end_reason !== null, `${id} is dead at ${path}, nobody knows why`);
        expect(9, !isEnabled, `${id} is dead at ${path}, which takes events`);
      } else if (isEnabled || delivery) {
        expect(
          9,
          status === 'delivered' && isTaken,
          `${id} at ${path}: ${status}, taken: ${isTaken}`,
        );
      }
      const isSame = copies.every((copy) => copy.body === body && isSigned(copy, secret));
      expect(9, isSame, `${id} arrived at ${path} with other bytes or a wrong signature`);
    }
  }
  const eventIds = new Set(found.events.map(({ id }) => id));
  for (const { path, id, body, signature, timestamp } of found.arrivals) {
    if (path !== '/confirm') {
      expect(9, eventIds.has(id), `${id} arrived at ${path} and is no event of ours`);
      continue;
    }
    const secret = evidence.secrets['the signing secret'] ?? '';
    expect(9, isSigned({ id, body, signature, timestamp }, secret), `${id}: a wrong signature`);
  }
  checkFeed(found, verdicts);
}

/** The feed over HTTP is the log: each event once, in the order of the positions they were given. */
function checkFeed({ events, feed }: Findings, { expect }: Verdicts): void {
  const placed = events.toSorted((a, b) => Number(a.position) - Number(b.position));
  const positions = new Set(placed.map(({ position }) => position));
  expect(9, positions.size === events.length, 'two events have one position');
  const isSame = feed.map(({ id }) => id).join() === placed.map(({ id }) => id).join();
  expect(9, isSame, `the feed has ${feed.length} events for ${events.length}, or in another order`);
}

function matches(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

/** Standard Webhooks, by its text: HMAC-SHA256 of id, timestamp and body. */
function isSigned(
  { id, timestamp, body, signature }: Pick<Arrival, 'id' | 'timestamp' | 'body' | 'signature'>,
  secret: string,
): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return signature.split(' ').includes(`v1,${right}`);
}
