import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeoutMs = 110_000;
const pomPath = fileURLToPath(new URL('pom.xml', import.meta.url));
const cacheFolder = fileURLToPath(
  new URL('../../../node_modules/.cache/tender-kafka/', import.meta.url),
);

/** Where the jars of this very pom.xml are kept, fetched or not. */
function jarsFolder(): string {
  return join(cacheFolder, createHash('sha256').update(readFileSync(pomPath)).digest('hex'));
}

export function hasKafkaJars(): boolean {
  return existsSync(jarsFolder());
}

/** The folder with Kafka's jars; Maven fetches them once, afterwards nothing is looked up anywhere. */
export async function fetchKafkaJars(mvn: string | undefined): Promise<string> {
  const folder = jarsFolder();
  if (existsSync(folder)) return folder;
  if (mvn === undefined) throw new Error('no Maven to fetch Kafka with: apt-get install maven');
  await mkdir(cacheFolder, { recursive: true });
  const unfinished = await mkdtemp(join(cacheFolder, 'unfinished-'));
  try {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`];
    await run(mvn, ['--quiet', '--batch-mode', '--file', pomPath, ...goal], { timeout: timeoutMs });
    // Whole or not at all; another test file may have been faster, and brought the same.
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
