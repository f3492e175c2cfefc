import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { addresses, again, json } from './scene.ts';
import type { Scene } from './scene.ts';

export const tryKeys = (scene: Scene) =>
  again(scene, 200, (turn) =>
    scene.stranger('wrong keys', {
      path: '/v1/orders',
      headers: { authorization: `Bearer tk_wrong_${turn}` },
    }),
  );

export const visitPages = (scene: Scene) =>
  again(scene, 100, () => {
    const token = scene.random.bytes(24).toString('base64url');
    const path = scene.random.pick([
      ...[`/pay/${token}`, `/pay/${token}/stream`, `/portal/enter/${token}`, '/portal'],
      ...[`/.well-known/jwks.json?merchant=${token}`, `/problems/${token}`, `/%00${token}`, '/v1'],
    ]);
    return scene.payer('pages', { path });
  });

/** Notifications that nobody signed, for accounts of both merchants and for none. */
export const forgeNotifications = (scene: Scene) =>
  again(scene, 300, () => {
    const { healthyAccountId, hostile, random, stranger } = scene;
    const account = random.pick([
      healthyAccountId,
      ...hostile.accounts.map(({ accountId }) => accountId),
      'acc_01jd3v9k7q2m5x8r4t6w0y1z3c',
    ]);
    const body = random.pick([
      random.bytes(1_000).toString('latin1'),
      '['.repeat(200_000),
      json({ resource: { ciphertext: 'x'.repeat(100_000) } }),
      new URLSearchParams({
        out_trade_no: 'x',
        sign: 'x',
        trade_status: 'TRADE_SUCCESS',
      }).toString(),
      'a=1&'.repeat(50_000),
    ]);
    return stranger('forged notifications', {
      method: 'POST',
      path: `/providers/${account}/notifications`,
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

function plug(scene: Scene, kind: string): Socket {
  const { hostname, port } = new URL(scene.url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: addresses.stranger });
  socket.on('error', () => {});
  socket.once('data', (chunk) => scene.hostility.count(kind, statusIn(chunk)));
  socket.resume();
  scene.keep(() => socket.destroy());
  return socket;
}

const statusIn = (chunk: Buffer) =>
  /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1] ?? 'no HTTP';

/** Bodies of notifications, as slow as can be, more at once than are allowed. */
export const dripNotifications = (scene: Scene) =>
  again(scene, 100, async () => {
    const socket = plug(scene, 'dripped notifications');
    socket.write(
      `POST /providers/${scene.healthyAccountId}/notifications HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n`,
    );
    const drip = setInterval(() => void (socket.writable && socket.write('a')), 1_000);
    socket.on('close', () => clearInterval(drip));
  });

const junk: readonly ((socket: Socket, scene: Scene) => void)[] = [
  // Never a word.
  () => {},
  (socket) => socket.write('GET / HTTP/1.1\r\nhost: x\r\n'),
  (socket) => socket.write('GET / HTTP/1.1\r\n'.padEnd(100, 'x')),
  (socket, { random }) => socket.write(random.bytes(2_000)),
  (socket) => socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(200_000)}\r\n\r\n`),
  (socket) => socket.write(`GET /${'a'.repeat(200_000)} HTTP/1.1\r\nhost: x\r\n\r\n`),
  (socket) => socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(5_000)}\r\n`),
  // Answers that are not fetched.
  (socket) => {
    socket.pause();
    socket.write('GET /docs HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(200));
  },
  (socket) => socket.write('GET /problems HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100)),
  (socket) =>
    socket.write(
      'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
  (socket) =>
    socket.write(
      'POST /providers/x/notifications HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\n',
    ),
  (socket) => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  (socket) => socket.write(Buffer.from('16030100c8010000c40303', 'hex')),
  (socket) => socket.write('CONNECT 127.0.0.1:5432 HTTP/1.1\r\nhost: x\r\n\r\n'),
  (socket) =>
    socket.write(
      'GET /v1/events HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ),
  (socket) => {
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    socket.end();
  },
  (socket) => {
    socket.write('POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n');
    socket.once('connect', () => socket.resetAndDestroy());
  },
];

/** Whatever else can be done to a port, half of it without ever letting go. */
export const plugIn = (scene: Scene) =>
  again(scene, 100, async (turn) => {
    junk[turn % junk.length]!(plug(scene, 'junk on the port'), scene);
  });
