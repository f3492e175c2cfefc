import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../config/config.ts';
import { checkSecretKeys } from '../../db/queries/check-secret-keys.ts';
import { countSealed } from '../../db/queries/count-sealed.ts';
import { insertEndpoint, secretContext } from '../../db/queries/endpoints.ts';
import { ensureSigningSecret } from '../../db/queries/signing-secret.ts';
import { endpoints } from '../../db/schema/endpoints.ts';
import { keyCheck } from '../../db/schema/key-check.ts';
import { createSealer } from '../../db/sealed.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import { apiClient } from '../support/api-client.ts';
import { tenderProcesses } from '../support/tender-process.ts';
import type { Part, TenderProcesses } from '../support/tender-process.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const [oldKey, newKey, strangeKey] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const [oldId, newId] = [createSealer([oldKey]).keyIds[0], createSealer([newKey]).keyIds[0]];
const seeded = 400;

let world: World;
let merchant: TestMerchant;
const opened: TenderProcesses[] = [];

beforeAll(async () => {
  world = await openWorld({ hasApi: false, hasWorker: false, secretKeys: [oldKey] });
  merchant = await world.newMerchant();
});

afterAll(async () => {
  for (const processes of opened) await processes.close();
  await world?.close();
});

async function start(parts: Part, secretKeys: Buffer[]) {
  const config: Config = { ...world.config, secretKeys };
  const processes = await tenderProcesses(config);
  opened.push(processes);
  return processes.start(parts);
}

const rotateArgs = ['--import', 'tsx', 'cli/main.ts', 'keys', 'rotate'];
const envOf = (secretKeys: Buffer[]) => ({
  ...process.env,
  DATABASE_URL: world.config.database.url,
  TENDER_SECRET_KEYS: secretKeys.map((key) => key.toString('base64')).join(','),
});

type Rotated = {
  code: number;
  stderr: string;
  said: {
    resealed: number;
    canBeRemoved: string[];
    remaining: { byKey: Record<string, number>; unopened: string[]; sealingWithOld: object[] };
  };
};

function rotate(...secretKeys: Buffer[]): Promise<Rotated> {
  return new Promise((resolve) => {
    execFile(process.execPath, rotateArgs, { env: envOf(secretKeys) }, (error, stdout, stderr) => {
      const said = JSON.parse(stdout || '{}') as Rotated['said'];
      resolve({ code: error === null ? 0 : Number(error.code), stderr, said });
    });
  });
}

const verdictOf = async (...keys: Buffer[]) =>
  (await checkSecretKeys({ db: world.db, sealer: createSealer(keys) })).kind;

async function seed(merchantId: MerchantId): Promise<void> {
  const deps = { db: world.db, sealer: createSealer([oldKey]) };
  for (let n = 0; n < seeded; n++) {
    await insertEndpoint(deps, {
      ...{ merchantId, url: `http://127.0.0.1:9/${n}`, eventTypes: ['never.*'] },
      secret: `whsec_${randomBytes(24).toString('base64')}`,
    });
  }
  await ensureSigningSecret(deps, { merchantId, make: () => 'whsec_own' });
}

describe('at the start', () => {
  test('where secrets are older than the check, they decide which keys are right', async () => {
    expect(await verdictOf(strangeKey)).toBe('wrong');
    expect(await world.db.select({ id: keyCheck.id }).from(keyCheck)).toEqual([]);
    expect(await verdictOf(strangeKey, oldKey)).toBe('right');
  });

  test.each(['api', 'worker', 'api,worker'] as const)(
    'with a wrong key %s ends and names the variable, the keys and what to do',
    async (parts) => {
      await world.db.delete(keyCheck);
      expect(await verdictOf(oldKey)).toBe('right');
      await expect(start(parts, [strangeKey])).rejects.toThrow(
        /ended with 78[^]*TENDER_SECRET_KEYS: names the keys [0-9a-f]{8}, and this database's secrets are sealed with [0-9a-f]{8}\. Give every process/,
      );
    },
  );

  test('an operator’s command with a wrong key writes nothing', async () => {
    const { code, stderr } = await rotate(strangeKey);
    expect(code).toBe(2);
    expect(stderr).toContain('TENDER_SECRET_KEYS: names the keys');
  });

  test('of processes that start first at once with different keys one has the right ones', async () => {
    const fresh = await openWorld({ hasApi: false, hasWorker: false });
    for (let round = 0; round < 20; round++) {
      await fresh.db.delete(keyCheck);
      const verdicts = await Promise.all(
        Array.from({ length: 8 }, () =>
          checkSecretKeys({ db: fresh.db, sealer: createSealer([randomBytes(32)]) }),
        ),
      );
      expect(verdicts.filter(({ kind }) => kind === 'right')).toHaveLength(1);
    }
    await fresh.close();
  });
});

describe('a rotation', () => {
  test('is refused while a process runs that does not know the new key', async () => {
    const old = await start('api', [oldKey]);
    const { code, stderr } = await rotate(newKey, oldKey);
    expect(code).toBe(2);
    expect(stderr).toContain(`do not know the key ${newId}`);
    expect(Object.keys(await countSealed(world.db))).toEqual([oldId]);
    await old.stop();
  });

  test('begins with a key that every process knows: none starts that seals with another', async () => {
    const old = await start('api', [oldKey]);
    expect(await verdictOf(newKey, oldKey)).toBe('wrong');
    expect(await verdictOf(oldKey, newKey)).toBe('right');
    await old.stop();
    await until(
      'it is not seen any more',
      async () => (await verdictOf(newKey, oldKey)) === 'right',
    );
  });

  test('needs both keys for as long as it is not over', async () => {
    const sealer = createSealer([newKey, oldKey]);
    const doomed = spawn(process.execPath, rotateArgs, {
      env: envOf([newKey, oldKey]),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => doomed.once('close', resolve));
    doomed.stderr.once('data', () => doomed.kill('SIGKILL'));
    await ended;
    expect(sealer.keyIds).toEqual([newId, oldId]);
    expect(await verdictOf(newKey, oldKey)).toBe('right');
    // Secrets wait to be sealed again: whoever has the new key alone would not open them.
    expect(await verdictOf(newKey)).toBe('wrong');
  });

  test('under load loses no write, goes on after kill -9, and is over at its next', async () => {
    await seed(merchant.merchantId);
    await start('api,worker', [newKey, oldKey]);
    const api = apiClient({ url: world.url, key: merchant.key });
    const secrets = new Map<string, string>();
    const load = new AbortController();
    const write = async () => {
      while (!load.signal.aborted) {
        const { body: made, status } = await api<{ id: string; secret: string }>(
          'POST',
          '/v1/endpoints',
          {
            body: {
              ...{ url: 'http://127.0.0.1:9/hook', eventTypes: ['never.*'] },
              headers: { 'x-shop': 'tea' },
            },
          },
        );
        if (status !== 201) throw new Error(`an endpoint was answered ${status}`);
        const { body: turned } = await api<{ secret: string }>(
          'POST',
          `/v1/endpoints/${made.id}/rotate-secret`,
          { body: { graceSeconds: 3_600 } },
        );
        secrets.set(made.id, turned.secret);
      }
    };
    // Those that are being sealed again change their secrets at the same moment.
    const change = async () => {
      const rows = await world.db.select({ id: endpoints.id }).from(endpoints);
      for (const { id } of rows) {
        if (load.signal.aborted) return;
        const { body, status } = await api<{ secret: string }>(
          'POST',
          `/v1/endpoints/${id}/rotate-secret`,
          { body: { graceSeconds: 3_600 } },
        );
        if (status === 200) secrets.set(id, body.secret);
      }
    };
    const loading = Promise.all([write(), write(), change()]);
    loading.catch(() => {});

    const doomed = spawn(process.execPath, rotateArgs, {
      env: envOf([newKey, oldKey]),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => doomed.once('close', resolve));
    let progress = '';
    doomed.stderr.on('data', (chunk: Buffer) => {
      progress += chunk.toString();
      if (progress.includes('endpoints.secret')) doomed.kill('SIGKILL');
    });
    await ended;
    expect(progress).toContain('"resealed":');

    const { code, said } = await rotate(newKey, oldKey);
    expect(code).toBe(0);
    expect(said.remaining).toEqual({ byKey: {}, unopened: [], sealingWithOld: [] });
    expect(said.canBeRemoved).toEqual([oldId]);
    await until('more writes after the rotation', () => secrets.size > 20);
    load.abort();
    await loading;

    expect(Object.keys(await countSealed(world.db))).toEqual([newId]);
    const alone = createSealer([newKey]);
    const rows = await world.db
      .select({ id: endpoints.id, sealed: endpoints.sealedSecret })
      .from(endpoints);
    const kept = new Map(
      rows.map(({ id, sealed }) => [id as string, alone.open(sealed, secretContext(id))]),
    );
    for (const [id, secret] of secrets) expect(kept.get(id)).toBe(secret);
    expect((await rotate(newKey, oldKey)).said.resealed).toBe(0);
  });

  test('says which processes still seal with the old key', async () => {
    const worker = await start('worker', [oldKey, newKey]);
    const { said } = await rotate(newKey, oldKey);
    expect(said.canBeRemoved).toEqual([]);
    expect(said.remaining.sealingWithOld).toEqual([
      expect.objectContaining({ keyIds: [oldId, newId] }),
    ]);
    await worker.stop();
  });

  test('over, the new key alone opens all there is, and the old one nothing', async () => {
    for (const processes of opened.splice(0)) await processes.close();
    await start('api,worker', [newKey]);
    const [row] = await world.db.select({ id: endpoints.id }).from(endpoints).limit(1);
    const id: EndpointId = row!.id;
    const api = apiClient({ url: world.url, key: merchant.key });
    const { status } = await api('PATCH', `/v1/endpoints/${id}`, { body: { headers: { a: 'b' } } });
    expect(status).toBe(200);
    expect(await verdictOf(oldKey)).toBe('wrong');
  });
});
