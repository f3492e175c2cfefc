import { gzipSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { hostname } from 'node:os';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { createSender } from '../../delivery/send/send.ts';
import type { Sender } from '../../delivery/send/send.ts';
import { newSecret, signedHeaders, signingKey } from '../../delivery/send/sign.ts';
import { serve as serveHttp } from '../support/serve.ts';

const { secret } = newSecret('hmac');
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function senderWith(options: { allowPrivate: boolean }): Sender {
  const sender = createSender(options);
  closers.push(() => sender.close());
  return sender;
}

async function serve(listener: RequestListener) {
  const served = await serveHttp(listener);
  closers.push(served.close);
  return served;
}

const keys = [signingKey(secret)];
const body = '{"a":1}';
const timestampSeconds = Math.floor(Date.now() / 1_000);
const headers = {
  'content-type': 'application/json',
  ...signedHeaders({ id: 'evt_1', timestampSeconds, body, keys }),
};
const delivery = (url: string) => ({ url, headers, body });

describe('a guarded sender', () => {
  test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost'])(
    'refuses %s without so much as a connection',
    async (host) => {
      const { seen, port } = await serve((_, response) => response.end());
      const { result } = await senderWith({ allowPrivate: false }).send(
        delivery(`http://${host}:${port}/`),
      );
      expect(result).toEqual({ kind: 'error', code: 'private_address' });
      expect(seen.connections).toBe(0);
    },
  );

  // This machine's own name resolves to an address within; where it does not resolve, that is refusal enough.
  test.each(['localhost.', hostname()])(
    'refuses the name %s by what it resolves to, without a connection',
    async (name) => {
      const { seen, port } = await serve((_, response) => response.end());
      const { result } = await senderWith({ allowPrivate: false }).send(
        delivery(`http://${name}:${port}/`),
      );
      expect(result).toEqual({
        kind: 'error',
        code: expect.stringMatching(/^(private_address|enotfound|eai_again)$/),
      });
      expect(seen.connections).toBe(0);
    },
  );

  test('refuses what is no target at all', async () => {
    const sender = senderWith({ allowPrivate: false });
    for (const [url, code] of [
      ['nonsense', 'not_a_url'],
      ['ftp://shop.example/', 'scheme_not_allowed'],
      ['https://a:b@shop.example/', 'credentials_in_url'],
    ] as const) {
      expect((await sender.send(delivery(url))).result).toEqual({ kind: 'error', code });
    }
  });
});

describe('a delivery', () => {
  test('arrives as it was signed, at the path and query it was meant for', async () => {
    let got = { method: '', url: '', body: '', headers: {} as Record<string, string> };
    const { port } = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got = {
          method: request.method ?? '',
          url: request.url ?? '',
          body: Buffer.concat(chunks).toString(),
          headers: request.headers as Record<string, string>,
        };
        response.writeHead(204).end();
      });
    });
    const sent = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/events?shop=1#part`),
    );
    expect(sent).toMatchObject({
      result: { kind: 'response', statusCode: 204 },
      responseBody: null,
      responseHeaders: null,
    });
    expect(got).toMatchObject({ method: 'POST', url: '/events?shop=1', body: '{"a":1}' });
    expect(got.headers['content-type']).toBe('application/json');
    expect(new Webhook(secret).verify(got.body, got.headers)).toEqual({ a: 1 });
  });

  test.each([301, 302, 303, 307, 308])('follows no redirect: %d is an answer', async (status) => {
    const elsewhere = await serve((_, response) => response.end());
    const { seen, port } = await serve((_, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${elsewhere.port}/` }).end('moved');
    });
    const { result, responseBody } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(result).toMatchObject({ kind: 'response', statusCode: status });
    expect(responseBody).toBe('moved');
    expect(seen.requests).toBe(1);
    expect(elsewhere.seen.connections).toBe(0);
  });

  test('that is refused for now says when to come back', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end('busy');
    });
    const { result } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(result).toEqual({ kind: 'response', statusCode: 503, retryAfterMs: 7_000 });
  });

  test('keeps the first 1,024 characters of a failure, without NUL', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(500).end(`\0a\0b${'é'.repeat(1_000_000)}`);
    });
    const { responseBody } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(responseBody).toBe(`ab${'é'.repeat(1_020)}`);
  });

  test('that succeeds with a huge body is a success, and the next one too', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(200).end('x'.repeat(5_000_000));
    });
    const sender = senderWith({ allowPrivate: true });
    for (let i = 0; i < 3; i++) {
      const sent = await sender.send(delivery(`http://127.0.0.1:${port}/`));
      expect(sent).toMatchObject({
        result: { kind: 'response', statusCode: 200 },
        responseBody: null,
      });
    }
  });

  test.each([200, 503])('whose %d breaks off in the body keeps its status', async (status) => {
    const { port } = await serve((_, response) => {
      response.writeHead(status, { 'content-length': '100', 'retry-after': '7' });
      response.write('cut', () => response.destroy());
    });
    const { result } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(result).toEqual({ kind: 'response', statusCode: status, retryAfterMs: 7_000 });
  });

  test('to nobody is an error, not an exception', async () => {
    const { port } = await serve((_, response) => response.end());
    for (const close of closers.splice(0)) await close();
    const { result, responseBody } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(result).toEqual({ kind: 'error', code: 'econnrefused' });
    expect(responseBody).toBeNull();
  });

  test('that is cut before an answer is an error', async () => {
    const { port } = await serve((request) => request.destroy());
    const { result } = await senderWith({ allowPrivate: true }).send(
      delivery(`http://127.0.0.1:${port}/`),
    );
    expect(result.kind).toBe('error');
  });

  test('of bytes arrives as these bytes', async () => {
    const chunks: Buffer[] = [];
    const { port } = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => response.end());
    });
    const bytes = Buffer.from([0, 255, 10, 13]);
    await senderWith({ allowPrivate: true }).send({
      ...delivery(`http://127.0.0.1:${port}/`),
      body: bytes,
    });
    expect(Buffer.concat(chunks)).toEqual(bytes);
  });

  test('with a header that no client can send is an error, not an exception', async () => {
    const { port } = await serve((_, response) => response.end());
    const { result } = await senderWith({ allowPrivate: true }).send({
      ...delivery(`http://127.0.0.1:${port}/`),
      headers: { 'x-shop': 'a\r\nb: c' },
    });
    expect(result).toEqual({ kind: 'error', code: 'invalid_arg' });
  });
});

describe('the headers of an answer', () => {
  async function keptOf(status: number, headers: Record<string, string | string[]>) {
    const { port } = await serve((_, response) => response.writeHead(status, headers).end('said'));
    const sender = senderWith({ allowPrivate: true });
    const url = `http://127.0.0.1:${port}/`;
    const { responseHeaders, responseBody } = await sender.send({
      ...delivery(url),
      keepsBody: status < 300,
    });
    expect(responseBody).toBe('said');
    return responseHeaders ?? {};
  }

  test('are kept with a failure, and with a success whose body matters, cookies never', async () => {
    for (const status of [500, 200]) {
      const kept = await keptOf(status, {
        'x-trace': 'abc',
        via: ['1.1 a', '1.1 b'],
        'Set-Cookie': ['session=secret', 'b=c'],
        'set-cookie2': 'd',
      });
      expect(kept).toMatchObject({ 'x-trace': 'abc', via: '1.1 a, 1.1 b' });
      expect(JSON.stringify(kept)).not.toMatch(/cookie|secret/);
    }
  });

  test('are the first 20, of 256 characters each', async () => {
    const many = Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'y'.repeat(300)] as const);
    const kept = await keptOf(503, Object.fromEntries(many.slice(0, 5)));
    expect(Object.keys(kept).slice(0, 5)).toEqual(['x-0', 'x-1', 'x-2', 'x-3', 'x-4']);
    expect(kept['x-0']).toBe('y'.repeat(256));
    const short = many.map(([name]) => [name, 'z'] as const);
    expect(Object.keys(await keptOf(503, Object.fromEntries(short)))).toEqual(
      short.slice(0, 20).map(([name]) => name),
    );
  });

  test('are 4 kB in all', async () => {
    const many = Array.from({ length: 19 }, (_, i) => [`x-${i}`, 'y'.repeat(256)] as const);
    const kept = await keptOf(503, Object.fromEntries(many));
    const chars = Object.entries(kept).flat().join('').length;
    expect(chars).toBeLessThanOrEqual(4_096);
    expect(chars).toBeGreaterThan(3_500);
  });

  test('are ASCII, and what else a database would choke on is a question mark', async () => {
    const kept = await keptOf(500, { 'x-name': 'caf\u00e9\u0085' });
    expect(kept['x-name']).toBe('caf??');
  });
});

describe('fetching something small', () => {
  test.each(['127.0.0.1', 'localhost', '[::1]', '0x7f.1', 'localhost.', hostname()])(
    'from %s is refused, without a connection',
    async (host) => {
      const { seen, port } = await serve((_, response) => response.end());
      const { fetch } = senderWith({ allowPrivate: false });
      await expect(async () => fetch(`http://${host}:${port}/`)).rejects.toThrow(Error);
      expect(seen.connections).toBe(0);
    },
  );

  test('follows no redirect', async () => {
    const elsewhere = await serve((_, response) => response.end());
    const { port } = await serve((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
    });
    const { fetch } = senderWith({ allowPrivate: true });
    expect((await fetch(`http://127.0.0.1:${port}/`, { redirect: 'follow' })).status).toBe(302);
    expect(elsewhere.seen.connections).toBe(0);
  });

  test('that turns out large breaks off', async () => {
    const { port } = await serve((_, response) => response.end('x'.repeat(1_000_000)));
    const { fetch } = senderWith({ allowPrivate: true });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('max size');
  });

  test('that is compressed is refused before it is large', async () => {
    const { port } = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(16_000_000)));
    });
    const { fetch } = senderWith({ allowPrivate: true });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('encoded as gzip');
  });
});
