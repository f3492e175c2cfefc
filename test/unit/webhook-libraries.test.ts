import { execFile, spawn } from 'node:child_process';
import { verify } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { HTTP } from 'cloudevents';
import type { CloudEvent } from 'cloudevents';
import { importJWK } from 'jose';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeliveryFormat } from '../../domain/delivery.ts';
import { publishedKey } from '../../delivery/send/public-key.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import { openDelivering, paidEvent } from '../support/delivering.ts';

/** What is delivered over HTTP, as Node gives it to a receiver. */
type Delivered = { headers: Record<string, string>; body: Buffer };

const scene = openDelivering();
afterAll(() => scene.close());

const { secret } = newSecret('hmac');
const data = { id: 'ord_1', subject: 'Tee 茶 ☕ "grün"', amountMinor: 1250, closedAt: null };

async function delivered(given: {
  secret: string;
  previousSecret?: string;
  format?: DeliveryFormat;
}): Promise<Delivered> {
  const { url, got } = await scene.receiver();
  const { format = 'json', ...secrets } = given;
  const previousSecretUntil = new Date(Date.now() + 60_000);
  const endpoint = scene.endpoint({ ...secrets, settings: { url, format, previousSecretUntil } });
  expect(await scene.attempt(paidEvent(endpoint, {}, data))).toMatchObject({ kind: 'delivered' });
  const { headers, body } = got[0]!;
  return { headers: headers as Record<string, string>, body };
}

/** The same delivery with one bit of its body turned over, once for every byte of it. */
function* altered({ headers, body }: Delivered): Generator<Delivered> {
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body);
    // The lowest bit: what was text is text again, but at the bytes of longer characters.
    changed[at]! ^= 1;
    yield { headers, body: changed };
  }
}

describe.each([
  ['standardwebhooks (npm)', StandardWebhook],
  ['svix (npm)', SvixWebhook],
])('%s', (_, Webhook) => {
  const read = ({ body, headers }: Delivered, key = secret) =>
    new Webhook(key).verify(body, headers);

  test('verifies a delivery, and reads what was sent', async () => {
    const delivery = await delivered({ secret });
    expect(read(delivery)).toMatchObject({ type: 'order.paid', data });
    expect(() => read(delivery, newSecret('hmac').secret)).toThrow(/signature/);
  });

  test('refuses it with one bit changed, wherever', async () => {
    const delivery = await delivered({ secret });
    for (const one of altered(delivery)) expect(() => read(one)).toThrow(/signature/);
  });

  test('verifies it by either secret while a rotation’s grace lasts', async () => {
    const next = newSecret('hmac').secret;
    const delivery = await delivered({ secret: next, previousSecret: secret });
    for (const key of [secret, next]) expect(read(delivery, key)).toMatchObject({ data });
  });

  test('verifies it by the old secret when the new one is a key pair', async () => {
    const delivery = await delivered({
      secret: newSecret('ed25519').secret,
      previousSecret: secret,
    });
    expect(read(delivery)).toMatchObject({ data });
  });
});

describe('standardwebhooks (PyPI)', () => {
  const run = promisify(execFile);
  const script = `
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
def judge(one):
    try:
        return Webhook(one["secret"]).verify(bytes.fromhex(one["body"]), one["headers"])
    except (WebhookVerificationError, UnicodeDecodeError) as error:
        return str(error)
json.dump([judge(one) for one in json.load(sys.stdin)], sys.stdout)
`;
  let folder: string;
  let missing: string | undefined;
  beforeAll(async () => {
    // A folder of its own: Python would take this one's node_modules for packages.
    folder = await mkdtemp(join(tmpdir(), 'tender-python-'));
    missing = await prepare();
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Why it cannot be tested here; undefined where the package is there, or was installed. */
  async function prepare(): Promise<string | undefined> {
    const python = (...args: string[]) => run('python3', args, { cwd: folder, timeout: 200_000 });
    const works = (...args: string[]) =>
      python(...args).then(
        () => true,
        () => false,
      );
    if (!(await works('--version'))) return 'there is no python3';
    if (await works('-c', 'from standardwebhooks import Webhook')) return undefined;
    if (!(await works('-m', 'pip', '--version'))) return 'python3 has no pip';
    await python('-m', 'pip', 'install', '--quiet', '--target', folder, 'standardwebhooks==1.1.0');
    return undefined;
  }

  async function judged(deliveries: Delivered[]): Promise<unknown[]> {
    const python = spawn('python3', ['-c', script], {
      cwd: folder,
      env: { ...process.env, PYTHONPATH: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const asked = deliveries.map(({ headers, body }) => ({
      secret,
      headers,
      body: body.toString('hex'),
    }));
    python.stdin.end(JSON.stringify(asked));
    return JSON.parse(await text(python.stdout)) as unknown[];
  }

  test('verifies a delivery, and refuses it with one bit changed, wherever', async (context) => {
    if (missing !== undefined) context.skip(missing);
    const delivery = await delivered({ secret });
    const [read, ...refusals] = await judged([delivery, ...altered(delivery)]);
    expect(read).toMatchObject({ type: 'order.paid', data });
    expect(refusals).toHaveLength(delivery.body.length);
    const cannotDecode = /^'utf-8' codec can't decode/;
    for (const refusal of refusals) {
      expect(refusal).toSatisfy(
        (said) => said === 'No matching signature found' || cannotDecode.test(String(said)),
      );
    }
  });
});

describe.each(['cloudevents', 'cloudevents-binary'] as const)('cloudevents (npm), %s', (format) => {
  test('reads a delivery, which is signed like all others', async () => {
    const delivery = await delivered({ secret, format });
    const { headers, body } = delivery;
    const read = HTTP.toEvent({ headers, body: body.toString() }) as CloudEvent<unknown>;
    expect(read.validate()).toBe(true);
    expect(read).toMatchObject({
      specversion: '1.0',
      type: 'order.paid',
      source: '/tender',
      subject: 'ord_1',
      id: headers['webhook-id'],
      time: '2026-11-22T09:30:00.000Z',
      data,
    });
    const verifier = new StandardWebhook(secret);
    expect(() => verifier.verify(body, headers)).not.toThrow();
    for (const one of altered(delivery)) {
      expect(() => verifier.verify(one.body, one.headers)).toThrow(/signature/);
    }
  });

  test('does not read what broke off', async () => {
    const { headers, body } = await delivered({ secret, format });
    expect(() => HTTP.toEvent({ headers, body: body.toString().slice(0, -1) })).toThrow(Error);
  });
});

describe('jose, with the published key', () => {
  const pair = newSecret('ed25519');
  const published = publishedKey(pair.publicKey ?? '');

  /** As a receiver would write it: the key by its name, and one of the signatures that are by it. */
  async function isVerified({ headers, body }: Delivered, keys = [published]): Promise<boolean> {
    const jwk = keys.find(({ kid }) => kid === headers['webhook-key-id']);
    if (!jwk) return false;
    const key = await importJWK(jwk, jwk.alg);
    if (key instanceof Uint8Array) return false;
    const signed = Buffer.concat([
      Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
      body,
    ]);
    const signatures = headers['webhook-signature']!.split(' ').map((one) => one.split(','));
    const own = signatures.filter(([version]) => version === 'v1a');
    const verifications = own.map(([, signature = '']) =>
      crypto.subtle.verify('Ed25519', key, Buffer.from(signature, 'base64'), signed),
    );
    return (await Promise.all(verifications)).some(Boolean);
  }

  test('verifies a delivery, and refuses it with one bit changed, wherever', async () => {
    const delivery = await delivered({ secret: pair.secret });
    expect(await isVerified(delivery)).toBe(true);
    for (const one of altered(delivery)) expect(await isVerified(one)).toBe(false);
    const other = newSecret('ed25519').publicKey ?? '';
    const forged = { ...publishedKey(other), kid: published.kid };
    expect(await isVerified(delivery, [forged])).toBe(false);
  });

  test('verifies it after a rotation by the new key, whose name it has', async () => {
    const next = newSecret('ed25519');
    const delivery = await delivered({ secret: next.secret, previousSecret: pair.secret });
    const nextKey = publishedKey(next.publicKey ?? '');
    expect(delivery.headers['webhook-key-id']).toBe(nextKey.kid);
    expect(await isVerified(delivery, [published, nextKey])).toBe(true);
    // And by whoever knows only the old one yet, and tries every signature.
    const old = { ...published, kid: nextKey.kid };
    expect(await isVerified(delivery, [old])).toBe(true);
  });

  test('and Node’s own crypto agrees', async () => {
    const { headers, body } = await delivered({ secret: pair.secret });
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body.toString()}`;
    const signature = Buffer.from(headers['webhook-signature']!.slice('v1a,'.length), 'base64');
    const { kty, crv, x } = published;
    const key = { key: { kty, crv, x }, format: 'jwk' } as const;
    expect(verify(null, Buffer.from(content), key, signature)).toBe(true);
  });
});
