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
 * The workflows' code as one script, as workers run it. Bundling takes seconds, so the result is kept
 * under a hash of all that goes into it.
 */
export async function workflowBundle({ logger }: { logger: Logger }): Promise<{ code: string }> {
  const path = join(cacheFolder, `workflows-${await hashOfSources()}.js`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept };
  const workflowsPath = join(root, 'workflows', 'index.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Executed once a thread instead of at every workflow's creation: no module of ours, and none that
    // we import, keeps state (the SDK's own state stands in each workflow's activator).
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
  // Written aside and renamed: two processes may start at once.
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
