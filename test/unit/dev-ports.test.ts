import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pickPort } from '../../dev/services/ports.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
  );
});

async function occupy(port: number, host: string) {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
}

test('a free port is taken as it was preferred', async () => {
  const { port } = await pickPort(0);
  expect(await pickPort(port)).toEqual({ port, replaced: false });
});

test.each(['127.0.0.1', '0.0.0.0'])('a port busy on %s is replaced by a free one', async (host) => {
  const { port: busy } = await pickPort(0);
  await occupy(busy, host);
  const { port, replaced } = await pickPort(busy);
  expect(replaced).toBe(true);
  expect(port).not.toBe(busy);
  await occupy(port, host);
});

test('ports picked at the same time are different', async () => {
  const picked = await Promise.all(Array.from({ length: 20 }, () => pickPort(0)));
  expect(new Set(picked.map(({ port }) => port)).size).toBe(20);
});
