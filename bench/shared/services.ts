import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrateDatabase } from '../../db/migrate.ts';
import { ensureDatabase } from '../../dev/services/ensure-database.ts';
import { pickPort } from '../../dev/services/ports.ts';
import { startPostgres } from '../../dev/services/postgres.ts';
import type { Postgres } from '../../dev/services/postgres.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { startTemporal } from '../../dev/services/temporal.ts';
import type { Temporal } from '../../dev/services/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';

const walFiles = 64;

export type BenchFolder = { path: string; logFile(name: string): string; remove(): Promise<void> };

export async function benchFolder(): Promise<BenchFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tender-bench-'));
  return {
    path,
    logFile: (name) => join(path, `${name}.log`),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/**
 * Starts PostgreSQL with a migrated database and full durability. It keeps WAL files for reuse, like a server that has
 * run for a while: see `preallocateWal`.
 */
export async function benchPostgres(
  folder: BenchFolder,
): Promise<Postgres & { databaseUrl: string }> {
  const { port } = await pickPort(0);
  const postgres = await startPostgres({
    dataDir: join(folder.path, 'postgres'),
    port,
    logFile: folder.logFile('postgres'),
    settings: { min_wal_size: `${walFiles * 16}MB` },
  });
  const databaseUrl = postgres.url('tender');
  await ensureDatabase({ url: databaseUrl });
  await migrateDatabase({ url: databaseUrl });
  await preallocateWal(databaseUrl);
  return { ...postgres, databaseUrl };
}

/**
 * Creates the WAL files that a server has after hours under load. PostgreSQL fills the 16 MB of a new file with zeros,
 * and every commit waits about 80 ms for that; later it reuses files.
 */
async function preallocateWal(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  for (let file = 0; file < walFiles; file++) {
    await client.query(`select pg_logical_emit_message(false, 'bench', 'ripen')`);
    await client.query('select pg_switch_wal()');
  }
  await client.query('checkpoint');
  await client.end();
}

/** Starts a Temporal server like `npm start`, with its state in a file. */
export async function benchTemporal(folder: BenchFolder): Promise<Temporal> {
  const { path: binary } = await resolveTemporalBinary();
  const { port } = await pickPort(0);
  return startTemporal({
    binary,
    port,
    dbFile: join(folder.path, 'temporal.sqlite'),
    logFile: folder.logFile('temporal'),
    searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
  });
}
