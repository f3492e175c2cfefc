import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOfTarGz, entryOfZip } from '../../dev/services/archive-entries.ts';

/** Larger than any chunk, and no multiple of tar's block. */
const content = randomBytes(1_000_003);
const sha256 = (chunks: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(chunks)).digest('hex');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-archive-'));
  writeFileSync(join(dir, 'LICENSE'), 'x'.repeat(700));
  writeFileSync(join(dir, 'temporal'), content);
  execFileSync('tar', ['-czf', 'a.tar.gz', 'LICENSE', 'temporal', 'LICENSE'], { cwd: dir });
});
afterAll(() => rmSync(dir, { recursive: true }));

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

test('an entry comes out of a zip file whole', async () => {
  const path = join(dir, 'a.zip');
  writeFileSync(path, zipSync({ 'a/LICENSE': Buffer.from('license'), 'a/temporal': content }));
  const chunks = await collect(entryOfZip(path, (name) => name === 'a/temporal'));
  expect(sha256(chunks)).toBe(sha256([content]));
});

test('an entry comes out of a .tar.gz whole, whatever stands before and after it', async () => {
  const source = createReadStream(join(dir, 'a.tar.gz'));
  const chunks = await collect(entryOfTarGz(source, (name) => name === 'temporal'));
  expect(sha256(chunks)).toBe(sha256([content]));
});

test('an archive without the entry gives nothing', async () => {
  const source = createReadStream(join(dir, 'a.tar.gz'));
  expect(await collect(entryOfTarGz(source, (name) => name === 'missing'))).toEqual([]);
});

test('an archive that is cut short is an error, not a short entry', async () => {
  const half = createReadStream(join(dir, 'a.tar.gz'), { end: 500_000 });
  await expect(collect(entryOfTarGz(half, (name) => name === 'temporal'))).rejects.toThrow(
    'unexpected end of file',
  );
});

test('an archive is read no faster than its entry: memory holds neither of them', async () => {
  const archive = readFileSync(join(dir, 'a.tar.gz'));
  let readBytes = 0;
  async function* source() {
    for (let offset = 0; offset < archive.length; offset += 16_384) {
      const chunk = archive.subarray(offset, offset + 16_384);
      readBytes += chunk.length;
      yield chunk;
    }
  }
  const chunks = entryOfTarGz(source(), (name) => name === 'temporal');
  await chunks.next();
  // Time enough for whoever reads ahead.
  await sleep(50);
  expect(readBytes).toBeLessThan(archive.length / 2);
  await chunks.return(undefined);
});

test('a source that fails is an error of the entry', async () => {
  async function* source() {
    yield readFileSync(join(dir, 'a.tar.gz')).subarray(0, 100_000);
    throw new Error('connection reset');
  }
  await expect(collect(entryOfTarGz(source(), (name) => name === 'temporal'))).rejects.toThrow(
    'connection reset',
  );
});
