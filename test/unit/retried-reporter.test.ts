import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tender-retried-'));
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'), 'dir');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs tests as `.ci/run` does, in a folder of their own. */
function runTests(body: string): string {
  writeFileSync(
    join(folder, 'shaky.test.ts'),
    `import { describe, expect, test } from 'vitest';\nlet tries = 0;\n${body}\n`,
  );
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs'),
      ...['run', '--root', folder, '--retry=1', '--reporter=json', '--outputFile=results.json'],
      `--reporter=${join(projectFolder, 'test', 'support', 'retried-reporter.ts')}`,
    ],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return stdout;
}

describe('the end of a run', () => {
  test('names each test that failed at first and passed at its retry, and no other', () => {
    const said = runTests(`
      describe('a race', () => {
        test('is lost once', () => { tries += 1; expect(tries).toBe(2); });
        test('is won', () => {});
        test('is lost', { retry: 0 }, () => { expect(1).toBe(2); });
      });`);
    expect(said).toContain(
      '1 tests needed their retry:\n  shaky.test.ts > a race > is lost once\n',
    );
    expect(said).toContain('expected 1 to be 2');
    expect(said).not.toContain('is won');
  });

  test('says so too where none needed it', () => {
    expect(runTests(`test('is won', () => {});`)).toContain('0 tests needed their retry\n');
  });
});
