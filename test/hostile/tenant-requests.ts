import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { tell } from '../chaos/shop.ts';
import { hostileEvents, tenantInputs } from '../support/hostile/tenant-inputs.ts';
import type { OrderBody } from '../support/orders.ts';
import { addresses, again, json } from './scene.ts';
import type { Scene } from './scene.ts';

/** The dearest requests that there are, one after the other. */
export const sendInputs = (scene: Scene) =>
  again(scene, 150, async (turn) => {
    const { tenant } = scene;
    const { method, path, headers, body } = tenantInputs[turn % tenantInputs.length]!;
    await tenant('inputs', { method, path, headers, body: body() });
    if (turn % 5 !== 0) return;
    const events = json({ events: hostileEvents });
    await tenant('inputs', { method: 'POST', path: '/v1/events', body: events });
  });

/** More readers of the feed than are allowed; each goes on from the end. */
export async function pollALot(scene: Scene): Promise<void> {
  const poller = (number: number) =>
    again(scene, 1_000, () =>
      scene.tenant('polls', { path: `/v1/events?types=never.${number}&wait=20` }),
    );
  const pollers: Promise<void>[] = [];
  for (let number = 0; number < 120 && !scene.signal.aborted; number++) {
    pollers.push(poller(number));
    await sleep(20);
  }
  // In between, all at once, so that the limit is met.
  const crowds = again(scene, 5_000, () =>
    Promise.all(
      Array.from({ length: 100 }, () =>
        scene.tenant('polls', { path: '/v1/events?types=never.more&wait=1' }),
      ),
    ),
  );
  await Promise.all([...pollers, crowds]);
}

/** Streams that are opened and hardly read, more than are allowed, and opened again. */
export const streamALot = (scene: Scene) =>
  again(scene, 500, async () => {
    const sockets = await Promise.all(
      Array.from({ length: 110 }, async (_, number) => {
        await sleep(number * 10);
        return openUnread(scene, {
          kind: 'streams',
          head: `GET /v1/events/stream?after=0 HTTP/1.1\r\nauthorization: Bearer ${scene.hostile.key}\r\n`,
        });
      }),
    );
    await sleep(8_000, undefined, { signal: scene.signal }).catch(() => {});
    for (const socket of sockets) socket.destroy();
  });

/** Sends a request, notes its status, and reads no more of the answer. */
function openUnread(scene: Scene, { kind, head }: { kind: string; head: string }) {
  const { hostname, port } = new URL(scene.url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: addresses.tenant });
  socket.on('error', () => {});
  socket.once('data', (chunk) => {
    scene.hostility.count(kind, chunk.toString('latin1', 9, 12));
    socket.pause();
  });
  socket.write(`${head}host: ${hostname}\r\n\r\n`);
  scene.keep(() => socket.destroy());
  return socket;
}

/** Bodies that come byte by byte, and never whole. */
export const dripBodies = (scene: Scene) =>
  again(scene, 500, async () => {
    const { hostname, port } = new URL(scene.url);
    const socket = connect({ host: hostname, port: Number(port), localAddress: addresses.tenant });
    socket.on('error', () => {});
    socket.on('data', (chunk) =>
      scene.hostility.count('dripped bodies', chunk.toString('latin1', 9, 12)),
    );
    socket.write(
      `POST /v1/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${scene.hostile.key}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`,
    );
    const drip = setInterval(() => void (socket.writable && socket.write('{')), 200);
    socket.on('close', () => clearInterval(drip));
  });

/** Event types and consumer groups that come and go. */
export const churnTypes = (scene: Scene) =>
  again(scene, 300, async (turn) => {
    const name = `hostile.churn${turn % 10}`;
    const ask = (method: string, path: string, body?: unknown) =>
      scene.tenant('type churn', { method, path, body: body === undefined ? body : json(body) });
    const properties = { n: { enum: Array.from({ length: 200 }, (_, n) => turn + n) } };
    await ask('POST', '/v1/event-types', { name, schema: { type: 'object', properties } });
    await ask('POST', '/v1/events', { type: name, data: { n: turn } });
    await ask('POST', '/v1/consumer-groups', { name: `churn${turn % 10}`, eventTypes: ['*'] });
    await ask('POST', `/v1/consumer-groups/churn${turn % 10}/take`, { limit: 100, wait: 0 });
    await ask('DELETE', `/v1/event-types/${name}`);
    await ask('DELETE', `/v1/consumer-groups/churn${turn % 10}`);
  });

/** Orders that ask and tell those who misbehave, switched between ways to pay until the limit and beyond. */
export const churnOrders = (scene: Scene) =>
  again(scene, 1_500, async (turn) => {
    const { hostile, peers, payer, random, tenant } = scene;
    const receiver = () => random.pick(peers.receivers).url;
    const created = await tenant('orders', {
      method: 'POST',
      path: '/v1/orders',
      body: json({
        merchantOrderNo: `X-${turn}`,
        amountMinor: 100,
        currency: 'CNY',
        subject: 'Trouble',
        methods: ['alipay.qr', 'wechat-pay.native'],
        notifyUrl: receiver(),
        confirm: { url: receiver(), withinSeconds: 5 },
        expiresInSeconds: 60,
      }),
    });
    if (created.status !== 201) return;
    const order = JSON.parse(created.text) as OrderBody;
    const page = new URL(order.checkoutUrl).pathname;
    const streams = Array.from({ length: 12 }, () =>
      payer('checkout streams', { path: `${page}/stream`, timeoutMs: 3_000 }),
    );
    if (turn % 2 === 0) {
      const payment = order.payments.at(-1)!;
      const account = hostile.accounts.find(({ provider }) => provider === payment.provider)!;
      await tell(account, `/payments/${payment.outTradeNo}/pay`).catch(() => {});
    } else {
      for (let number = 0; number < 12; number++) {
        await tenant('switches', {
          method: 'POST',
          path: `/v1/orders/${order.id}/payments`,
          headers: { prefer: 'respond-async' },
          body: json({ method: order.methods[number % 2] }),
        });
      }
    }
    await payer('checkout pages', { path: page });
    await Promise.all(streams);
  });
