import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretContext } from '../../db/queries/endpoints.ts';
import { createSealer } from '../../db/sealed.ts';
import { newId } from '../../domain/ids.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { createAttempter } from '../../delivery/send/attempt.ts';
import { createSender } from '../../delivery/send/send.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { misbehaviours, startMisbehaving } from '../support/hostile/receivers.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { openRelayScene } from '../support/relay-scene.ts';
import type { RelayScene } from '../support/relay-scene.ts';
import { until } from '../support/until.ts';

// The relay with real calls to receivers that are not well.

const hanging = ['silence', '102 every so often, for ever'];
const sealer = createSealer([randomBytes(32)]);
let scene: RelayScene;
let healthy: Receiver;
beforeEach(async () => {
  [scene, healthy] = await Promise.all([openRelayScene(), startReceiver()]);
});
afterEach(async () => {
  await scene.close();
  await healthy.stop();
});

/** Of a type of the merchant's own, whose data may be anything. */
const addOwnEvents = async (merchantId: MerchantId, count: number) => {
  const body = JSON.stringify({
    id: newId('event'),
    type: 'own.event',
    timestamp: new Date().toISOString(),
    data: {},
  });
  return scene.addEvents(merchantId, count, { type: 'own.event', body });
};

async function newEndpoint(url: string) {
  const id = newId('endpoint');
  const sealedSecret = sealer.seal(newSecret('hmac').secret, secretContext(id));
  const { merchantId } = await scene.newEndpoint({ id, url, sealedSecret });
  return { id, merchantId };
}

test.each(hanging)(
  'a relay that ends breaks off what hangs, records no failure of it, and leaves it to the next: %s',
  async (name) => {
    const receiver = await startMisbehaving(misbehaviours.find((one) => one.name === name)!);
    const sender = createSender({ allowPrivate: true });
    try {
      const hung = await newEndpoint(receiver.url);
      const well = await newEndpoint(healthy.url);
      await addOwnEvents(hung.merchantId, 1);
      const relay = scene.startRelay(createAttempter({ sender, sealer }));
      await until('the call that hangs', () => receiver.requests() === 1);

      expect(await relay.stop()).toBe('stopped');
      await until('its connection’s end', () => receiver.open() === 0);
      expect(await scene.deliveriesTo(hung.id)).toMatchObject([{ status: 'pending', attempts: 0 }]);

      await addOwnEvents(well.merchantId, 1);
      scene.startRelay(createAttempter({ sender, sealer }));
      await until('the next relay’s first delivery', () => healthy.received.length === 1);
      await until('the second try', () => receiver.requests() === 2);
    } finally {
      await scene.close();
      await sender.close();
      await receiver.close();
      scene = await openRelayScene();
    }
  },
);
