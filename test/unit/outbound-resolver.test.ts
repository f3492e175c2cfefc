import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createResolver } from '../../outbound/resolver.ts';
import { createSender } from '../../delivery/send/send.ts';
import { startNameServer } from '../support/hostile/name-server.ts';
import type { NameAnswer } from '../support/hostile/name-server.ts';
import { serve } from '../support/serve.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function resolverOf(
  names: Record<string, NameAnswer>,
  files: { hosts?: string; resolvConf?: string } = {},
) {
  const server = await startNameServer((name) => names[name] ?? 'absent');
  const folder = await mkdtemp(join(tmpdir(), 'tender-resolver-'));
  ends.push(server.close, () => rm(folder, { recursive: true }));
  const [hostsPath, resolvConfPath] = [join(folder, 'hosts'), join(folder, 'resolv.conf')];
  await writeFile(hostsPath, files.hosts ?? '');
  await writeFile(resolvConfPath, files.resolvConf ?? '');
  const resolver = createResolver({ servers: [server.address], hostsPath, resolvConfPath });
  return { ...resolver, asked: server.asked };
}

const v4 = (address: string) => ({ address, family: 4 });

test('a name is asked of the name server once, and kept for its time to live', async () => {
  const { resolve, asked } = await resolverOf({ 'shop.example': { a: ['93.184.215.14'] } });
  expect(await resolve('shop.example')).toEqual([v4('93.184.215.14')]);
  expect(await resolve('SHOP.example.')).toEqual([v4('93.184.215.14')]);
  expect(asked()).toEqual(['shop.example']);
});

test('many who want one name at once ask once', async () => {
  const { resolve, asked } = await resolverOf({ 'shop.example': { a: ['93.184.215.14'] } });
  await Promise.all(Array.from({ length: 50 }, () => resolve('shop.example')));
  expect(asked()).toEqual(['shop.example']);
});

test('a name that is not there is ENOTFOUND, and is not asked for again at once', async () => {
  const { resolve, asked } = await resolverOf({});
  await expect(resolve('nx.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(resolve('nx.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(asked()).toEqual(['nx.example']);
});

test('a name whose server is silent is EAI_AGAIN after a bounded time', async () => {
  const { resolve } = await resolverOf({ 'silent.example': 'silence' });
  await expect(resolve('silent.example')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
});

test('a hundred silent names hold up no other', async () => {
  const silent = Array.from({ length: 100 }, (_, i) => `silent-${i}.example`);
  const { resolve } = await resolverOf({
    ...Object.fromEntries(silent.map((name) => [name, 'silence' as const])),
    'shop.example': { a: ['93.184.215.14'] },
  });
  let silentEnded = 0;
  const hanging = silent.map((name) =>
    resolve(name).catch(() => {
      silentEnded += 1;
    }),
  );
  expect(await resolve('shop.example')).toEqual([v4('93.184.215.14')]);
  expect(silentEnded).toBe(0);
  await Promise.all(hanging);
});

describe('what no name server is asked', () => {
  test('the hosts file', async () => {
    const { resolve, asked } = await resolverOf(
      {},
      { hosts: '# ours\n10.1.2.3 Receiver receiver.internal # beside us\nnonsense here\n' },
    );
    expect(await resolve('receiver')).toEqual([v4('10.1.2.3')]);
    expect(await resolve('receiver.internal')).toEqual([v4('10.1.2.3')]);
    expect(asked()).toEqual([]);
  });

  test('localhost and whatever is under it (RFC 6761), and literals', async () => {
    const { resolve, asked } = await resolverOf({ localhost: { a: ['93.184.215.14'] } });
    const loopback = [v4('127.0.0.1'), { address: '::1', family: 6 }];
    expect(await resolve('localhost')).toEqual(loopback);
    expect(await resolve('a.localhost')).toEqual(loopback);
    expect(await resolve('127.0.0.1')).toEqual([v4('127.0.0.1')]);
    for (const old of ['0x7f.1', '2130706433', '0177.0.0.1'])
      expect(await resolve(old)).toEqual([v4('127.0.0.1')]);
    await expect(resolve('shop.999999999999')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked()).toEqual([]);
  });
});

test('only a bare name is looked for in the search domains', async () => {
  const { resolve } = await resolverOf(
    {
      'receiver.ns.svc.cluster.local': { a: ['10.1.2.3'] },
      'shop.example.svc.cluster.local': { a: ['10.6.6.6'] },
    },
    { resolvConf: 'nameserver 192.0.2.1\nsearch ns.svc.cluster.local svc.cluster.local\n' },
  );
  expect(await resolve('receiver')).toEqual([v4('10.1.2.3')]);
  await expect(resolve('shop.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('while no server answers, an address that was right lately is given', async () => {
  const names: Record<string, NameAnswer> = {
    'shop.example': { a: ['93.184.215.14'], ttlSeconds: 1 },
  };
  const { resolve, asked } = await resolverOf(names);
  await resolve('shop.example');
  names['shop.example'] = 'silence';
  await new Promise((done) => setTimeout(done, 1_100));
  expect(await resolve('shop.example')).toEqual([v4('93.184.215.14')]);
  expect(asked().length).toBeGreaterThan(1);
});

test('endpoints whose names are silent do not keep another endpoint from its delivery', async () => {
  const { lookup } = await resolverOf({
    ...Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [`silent-${i}.example`, 'silence' as const]),
    ),
    'shop.example': { a: ['127.0.0.1'] },
  });
  const { port } = await serve((_, response) => response.end('ok'));
  const sender = createSender({ allowPrivate: true, lookup });
  ends.push(sender.close);
  const send = (host: string) =>
    sender.send({ url: `http://${host}:${port}/`, headers: {}, body: '{}' });
  const ended: string[] = [];
  const silent = Array.from({ length: 8 }, (_, i) =>
    send(`silent-${i}.example`).then(() => ended.push('silent')),
  );
  expect((await send('shop.example')).result).toMatchObject({ statusCode: 200 });
  expect(ended).toEqual([]);
  await Promise.all(silent);
});
