import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

/** The code of the last release, in a folder of its own. */
export type Release = {
  commit: string;
  root: string;
  /** What starts its processes, relative to `root`. */
  entry: string;
  remove(): Promise<void>;
};

/** Takes the last release's files from git. Its packages are the present ones. */
export async function lastRelease(): Promise<Release> {
  const { commit, entry } = JSON.parse(
    await readFile(new URL('last-release.json', import.meta.url), 'utf8'),
  ) as { commit: string; entry: string };
  const root = await realpath(await mkdtemp(join(tmpdir(), 'tender-last-release-')));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    await unpack(commit, root);
    await symlink(join(projectFolder, 'node_modules'), join(root, 'node_modules'), 'dir');
  } catch (error) {
    await remove();
    throw error;
  }
  return { commit, root, entry, remove };
}

async function unpack(commit: string, root: string): Promise<void> {
  const archive = join(root, 'release.tar');
  try {
    await run('git', ['archive', '--format=tar', `--output=${archive}`, commit], {
      cwd: projectFolder,
    });
  } catch (error) {
    throw new Error(
      `The last release's files (commit ${commit} of test/support/last-release.json) are not in this clone. ` +
        'Fetch its whole history (git fetch --unshallow), or correct the commit.',
      { cause: error },
    );
  }
  await run('tar', ['-xf', archive, '-C', root]);
  await rm(archive);
}
