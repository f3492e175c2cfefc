import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { Logger } from '../telemetry/logger.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cacheFolder = join(root, 'node_modules', '.cache', 'tender');
const sourceFolders = ['workflows', 'domain'];

/**
 * The workflow bundle as workers run it. Bundling takes seconds, so the result is cached under a hash of its sources.
 */
export async function workflowBundle({ logger }: { logger: Logger }): Promise<{ code: string }> {
  const path = join(cacheFolder, `workflows-${await hashOfSources()}.js`);
  const cached = await readFile(path, 'utf8').catch(() => undefined);
  if (cached !== undefined) return { code: cached };
  const workflowsPath = join(root, 'workflows', 'index.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Executed once per thread, not for every workflow: no module of ours, and none that we import, keeps state. The
    // SDK keeps its state in each workflow's activator.
    preloadModules: [workflowsPath],
    logger: {
      log: () => {},
      trace: () => {},
      debug: () => {},
      info: () => {},
      warn: (message) => logger.warn(message),
      error: (message) => logger.error(message),
    },
  });
  await mkdir(cacheFolder, { recursive: true });
  // Written to a draft and renamed, because two processes may start at once.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, path);
  return { code };
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const sdk = createRequire(import.meta.url)('@temporalio/workflow/package.json') as {
    version: string;
  };
  hash.update(sdk.version).update('preloaded');
  for (const folder of sourceFolders) {
    const names = (await readdir(join(root, folder)))
      .filter((name) => name.endsWith('.ts'))
      .toSorted();
    for (const name of names) hash.update(name).update(await readFile(join(root, folder, name)));
  }
  return hash.digest('hex').slice(0, 20);
}
