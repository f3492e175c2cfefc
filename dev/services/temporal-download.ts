import { EnvHttpProxyAgent, fetch } from 'undici';
import { entryOfTarGz } from './archive-entries.ts';
import type { OnProgress } from './progress.ts';
import { cacheBinary } from './temporal-cache.ts';
import { TEMPORAL_VERSION } from './temporal-release.ts';

/** Short, because pip is tried next on machines that cannot reach the address. */
const ANSWER_TIMEOUT_MS = 4_000;
const STALL_TIMEOUT_MS = 15_000;
const WHOLE_TIMEOUT_MS = 600_000;

/** Fetches the command as Temporal's SDKs do: queries the archive's URL, then reads the archive. */
export async function downloadTemporal({
  cacheDir,
  onProgress,
}: {
  cacheDir: string;
  onProgress: OnProgress;
}): Promise<{ path: string }> {
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: ANSWER_TIMEOUT_MS },
    headersTimeout: STALL_TIMEOUT_MS,
    bodyTimeout: STALL_TIMEOUT_MS,
  });
  try {
    onProgress({ text: 'querying temporal.download' });
    const { archiveUrl, fileToExtract } = await findArchive(agent);
    const response = await fetch(archiveUrl, {
      dispatcher: agent,
      signal: AbortSignal.timeout(WHOLE_TIMEOUT_MS),
    });
    if (!response.ok || !response.body) throw new Error(`the archive returned ${response.status}`);
    return await cacheBinary({
      cacheDir,
      chunks: entryOfTarGz(response.body, (name) => name === fileToExtract),
      source: 'temporal.download',
      onProgress,
    });
  } finally {
    await agent.destroy();
  }
}

type Archive = { archiveUrl: string; fileToExtract: string };

async function findArchive(agent: EnvHttpProxyAgent): Promise<Archive> {
  const url = new URL(`https://temporal.download/cli/v${TEMPORAL_VERSION}`);
  url.searchParams.set('platform', process.platform === 'win32' ? 'windows' : process.platform);
  url.searchParams.set('arch', process.arch === 'x64' ? 'amd64' : process.arch);
  url.searchParams.set('format', 'tar.gz');
  const response = await fetch(url, {
    dispatcher: agent,
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`temporal.download returned ${response.status}`);
  // Temporal's SDKs read the same two fields.
  const archive = (await response.json()) as Archive;
  if (!archive.archiveUrl.startsWith('https://')) throw new Error('the archive URL is not https');
  return archive;
}
