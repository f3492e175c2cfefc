import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { migrateDatabase } from '../../db/migrate.ts';
import { readInstallState } from '../../dev/install.mjs';
import { ensureDatabase } from '../../dev/services/ensure-database.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { startPostgres } from '../../dev/services/postgres.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';

export type SharedServices = { postgresUrl: string; temporalAddress: string };

declare module 'vitest' {
  interface ProvidedContext {
    services: SharedServices;
  }
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const templateDatabase = 'tender_template';

/** One real PostgreSQL and one real Temporal for the whole run; every test file has its own database and namespace in them. */
export default async function setup(project: TestProject) {
  // Tests that run `npm start` would install over the packages that the others are using.
  const state = readInstallState(projectFolder);
  if (state !== 'fresh' && state !== 'unstamped')
    throw new Error(`packages are ${state}: run npm ci`);
  const folder = await mkdtemp(join(tmpdir(), 'tender-test-'));
  const { path: binary } = await resolveTemporalBinary();
  const [{ port: postgresPort }, { port: temporalPort }] = await Promise.all([
    pickPort(0),
    pickPort(0),
  ]);
  const [postgres, temporal] = await Promise.all([
    startPostgres({
      dataDir: join(folder, 'postgres'),
      port: postgresPort,
      logFile: join(folder, 'postgres.log'),
      settings: { fsync: 'off', max_connections: '300' },
    }),
    startTemporal({
      binary,
      port: temporalPort,
      logFile: join(folder, 'temporal.log'),
      searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
    }),
  ]);
  const templateUrl = postgres.url(templateDatabase);
  await ensureDatabase({ url: templateUrl });
  await migrateDatabase({ url: templateUrl });
  project.provide('services', { postgresUrl: templateUrl, temporalAddress: temporal.address });
  return async () => {
    await Promise.all([temporal.stop(), postgres.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
}
