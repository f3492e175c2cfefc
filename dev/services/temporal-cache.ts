import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { OnProgress } from './progress.ts';
import { TEMPORAL_VERSION, pinnedBuild } from './temporal-release.ts';

const SCRATCH_PREFIX = 'unfinished-';
const SCRATCH_MAX_AGE_MS = 3_600_000;

/** A file beside the binary: the verified hash, and the size and time for a cheap check that the file is unchanged. */
type Manifest = { sha256: string; sizeBytes: number; mtimeMs: number; source: string };

/** This user's cache folder. */
export function userCacheDir(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? homedir(), 'tender', 'Cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'tender');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tender');
}

/** The cached binary, if it is the verified one. Compares size and time, and hashes the file only if they differ. */
export async function findCachedBinary(
  cacheDir: string,
): Promise<{ path: string; source: string } | undefined> {
  const path = cachedPath(cacheDir);
  try {
    const manifest: Manifest = JSON.parse(await readFile(manifestPath(path), 'utf8'));
    const { size: sizeBytes, mtimeMs } = await stat(path);
    const { sha256, source } = manifest;
    if (sha256 !== (pinnedBuild()?.binarySha256 ?? sha256)) return undefined;
    if (sizeBytes !== manifest.sizeBytes || mtimeMs !== manifest.mtimeMs) {
      if ((await sha256Of(path)) !== sha256) return undefined;
      await writeAtomically(manifestPath(path), { sha256, sizeBytes, mtimeMs, source });
    }
    return { path, source };
  } catch {
    // Missing or unreadable (never incomplete: both files are renamed into place): fetch it again.
    return undefined;
  }
}

/**
 * Writes a binary into the cache. It is renamed into place only when it is complete, verified and on disk. Concurrent
 * processes write the same file, and the later rename wins.
 */
export async function cacheBinary({
  cacheDir,
  chunks,
  source,
  onProgress,
}: {
  cacheDir: string;
  chunks: AsyncIterable<Uint8Array>;
  source: string;
  onProgress: OnProgress;
}): Promise<{ path: string }> {
  const build = pinnedBuild();
  const path = cachedPath(cacheDir);
  return withScratchDir(cacheDir, async (scratchDir) => {
    const unfinishedPath = join(scratchDir, 'temporal');
    const sha256 = await writeChunks({
      path: unfinishedPath,
      chunks,
      onBytes: (doneBytes) =>
        onProgress({
          text: `unpacking Temporal ${TEMPORAL_VERSION}`,
          doneBytes,
          ...(build && { totalBytes: build.binaryBytes }),
        }),
    });
    const { size: sizeBytes, mtimeMs } = await stat(unfinishedPath);
    if (sizeBytes === 0) throw new Error('the archive contains no temporal command');
    if (build && sha256 !== build.binarySha256) {
      throw new Error(`the binary's sha256 is ${sha256}, not the pinned ${build.binarySha256}`);
    }
    await rename(unfinishedPath, path);
    await writeAtomically(manifestPath(path), { sha256, sizeBytes, mtimeMs, source });
    return { path };
  });
}

/** Runs `work` with a folder that is removed afterwards. A later call removes the folder of a killed process. */
export async function withScratchDir<T>(
  cacheDir: string,
  work: (scratchDir: string) => Promise<T>,
): Promise<T> {
  await mkdir(cacheDir, { recursive: true });
  await removeOldScratch(cacheDir);
  const scratchDir = await mkdtemp(join(cacheDir, SCRATCH_PREFIX));
  try {
    return await work(scratchDir);
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function writeChunks({
  path,
  chunks,
  onBytes,
}: {
  path: string;
  chunks: AsyncIterable<Uint8Array>;
  onBytes: (doneBytes: number) => void;
}): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o755);
  let doneBytes = 0;
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await file.writeFile(chunk);
      doneBytes += chunk.length;
      onBytes(doneBytes);
    }
    await file.chmod(0o755);
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function writeAtomically(path: string, manifest: Manifest): Promise<void> {
  const unfinishedPath = `${path}.${randomUUID()}`;
  await writeFile(unfinishedPath, JSON.stringify(manifest));
  await rename(unfinishedPath, path);
}

async function removeOldScratch(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(SCRATCH_PREFIX)) continue;
    const path = join(cacheDir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > SCRATCH_MAX_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}

function cachedPath(cacheDir: string): string {
  const extension = process.platform === 'win32' ? '.exe' : '';
  return join(cacheDir, `temporal-${TEMPORAL_VERSION}${extension}`);
}

function manifestPath(path: string): string {
  return `${path}.json`;
}
