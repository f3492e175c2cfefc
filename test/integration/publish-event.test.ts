import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishEvent } from '../../db/queries/publish-event.ts';
import { takeOverShard } from '../../db/queries/take-over-shard.ts';
import { dispatchShards, events, eventTypeDefinitions } from '../../db/schema/index.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { publicationOf } from '../support/publications.ts';
import { eventOf, openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';

// A single event goes a shorter way, and leaves nothing behind where that is not its own.

let scene: RelayScene;
let merchantId: MerchantId;
beforeEach(async () => {
  scene = await openRelayScene();
  ({ merchantId } = await scene.newEndpoint());
  await takeOverShard(scene.db, { shard: 0 });
});
afterEach(() => scene.close());

const written = () => scene.db.select().from(events);
const lastPosition = async () => (await scene.db.select().from(dispatchShards))[0]?.lastPosition;
const keyed = (settings?: Parameters<typeof publicationOf>[2]) =>
  publicationOf(merchantId, ['cart_1'], { dedupeKey: 'the-key', ...settings });

test('it is written as it was given, with the next position', async () => {
  const first = keyed({ data: { text: 'é "quoted" \\ {brace}' } });
  expect(await publishEvent(scene.db, first)).toBe(true);
  expect(await publishEvent(scene.db, publicationOf(merchantId, ['cart_2']))).toBe(true);
  const [row, next] = await written();
  const { id, type, channels, resourceId, body, createdAt, dedupeKey } = first.events[0]!;
  expect(row).toMatchObject({ id, type, channels, resourceId, body, createdAt, dedupeKey });
  expect([row?.position, next?.position]).toEqual([1, 2]);
});

test('channels are kept whatever stands in them', async () => {
  const channels = ['a,b', 'c"d', 'e\\f', '{g}', 'null', ''];
  const publication = keyed();
  const [event] = publication.events;
  const given = { ...publication, events: [{ ...event!, channels }] };
  expect(await publishEvent(scene.db, given)).toBe(true);
  expect((await written())[0]?.channels).toEqual(channels);
});

test.for<[string, () => Promise<Parameters<typeof publishEvent>[1]>]>([
  [
    'its type was registered meanwhile',
    async () => {
      const type = { merchantId, name: 'cart.left', schema: null };
      await scene.db.insert(eventTypeDefinitions).values(type);
      return keyed();
    },
  ],
  ['its type is of an older version', async () => keyed({ version: '1' })],
  [
    'another has its key',
    async () => {
      await publishEvent(scene.db, keyed());
      return keyed();
    },
  ],
  [
    'an earlier one of its merchant waits for a position',
    async () => {
      await scene.db.insert(events).values(eventOf(merchantId, 1));
      return keyed();
    },
  ],
  ['a longer request may have had its key', async () => ({ ...keyed(), keyPastEnd: 'the-key 2' })],
])('nothing is written where %s', async ([, prepare]) => {
  const publication = await prepare();
  const before = [await written(), await lastPosition()];
  expect(await publishEvent(scene.db, publication)).toBe(false);
  expect([await written(), await lastPosition()]).toEqual(before);
});
