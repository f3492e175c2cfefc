// The first file of `npm start`. It imports only Node's own modules, because a fresh clone has no others. It then
// continues as the launcher itself in this process, which the user stops or kills and the supervisors watch.
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `Tender needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exit(1);
}

// Imported after the check, so that an older Node prints the message and not a syntax error.
const { ensureInstalled } = await import('./install.mjs');
const projectDir = fileURLToPath(new URL('..', import.meta.url));
process.chdir(projectDir);
try {
  // Logs to stderr, because with --json stdout is for the summary.
  await ensureInstalled({ projectDir, log: (line) => process.stderr.write(`${line}\n`) });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

// Registers tsx, so that .ts files can be imported from here on.
await import('tsx');
await import('./main.ts');
