/**
 * Fails if the migrations do not produce the schema, or are wrong about their compatibility with processes of the last
 * release (`docs/guides/change-the-schema.md`): `npm run check:migrations`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFolder } from './migration-checks/check-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const committed = join(root, 'db', 'migrations');
const problems = checkFolder(committed);
if (problems.length > 0) {
  console.error(
    `${problems.join('\n')}\nHow to change the schema: docs/guides/change-the-schema.md`,
  );
  process.exitCode = 1;
}
// Inside the project, because drizzle-kit resolves its paths against the working directory.
const scratch = mkdtempSync(join(root, 'node_modules', '.migrations-'));
try {
  cpSync(committed, scratch, { recursive: true });
  const { status, stderr, stdout } = spawnSync(
    join(root, 'node_modules', '.bin', 'drizzle-kit'),
    [
      'generate',
      '--dialect=postgresql',
      '--casing=snake_case',
      '--schema=./db/schema/*.ts',
      `--out=${relative(root, scratch)}`,
      '--name=check',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`drizzle-kit failed:\n${stdout}${stderr}`);
  const before = new Set(readdirSync(committed));
  const added = readdirSync(scratch).filter((name) => !before.has(name));
  if (added.length > 0) {
    console.error(
      'db/schema has changes without a migration. Create one:\n  npx drizzle-kit generate --name=what_it_does',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
