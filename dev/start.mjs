// The first file of `npm start`. Only Node's own modules: on a fresh clone there are no others yet.
// It then becomes the launcher itself instead of starting another process: the process that the user sees, stops
// or kills is the one that the supervisors watch.
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `Tender needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exit(1);
}

// Imported after the check, so that an older Node gets the message and not a syntax error.
const { ensureInstalled } = await import('./install.mjs');
const projectDir = fileURLToPath(new URL('..', import.meta.url));
process.chdir(projectDir);
try {
  // To stderr always: with --json stdout belongs to the summary.
  await ensureInstalled({ projectDir, log: (line) => process.stderr.write(`${line}\n`) });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

// The same module that `node --import tsx` loads: from here on .ts files can be imported.
await import('tsx');
await import('./main.ts');
