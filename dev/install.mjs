// Installs this project's packages when they are missing or stale. Only Node's own modules: it runs
// before there are any others. Also a command: node dev/install.mjs
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const LOG_EVERY_MS = 5_000;
/** npm prints the error first, then its usage. */
const MAX_CHARACTERS = 2_000;
const REMOVE_ALL = { recursive: true, force: true };
const INSTALL = ['ci', '--include=optional', '--no-audit', '--no-fund'];

/**
 * Compares node_modules with package-lock.json: `fresh`, `unstamped` (correct, but installed by a plain npm command), or
 * the reason to install again.
 * @param {string} projectDir
 * @returns {'fresh' | 'unstamped' | 'missing' | 'stale' | 'other-platform'}
 */
export function readInstallState(projectDir) {
  // npm writes this file last: without it an install was interrupted or never started.
  const installedLock = readJson(join(projectDir, 'node_modules', '.package-lock.json'));
  if (!installedLock) return 'missing';
  const stamp = readJson(stampPath(projectDir));
  if (stamp && stamp.platform !== currentPlatform()) return 'other-platform';
  if (stamp?.hash === hashOfManifests(projectDir)) return 'fresh';
  return matchesLockFile(projectDir, installedLock) ? 'unstamped' : 'stale';
}

/**
 * Installs the packages of package-lock.json if node_modules differs. After an interruption the next call starts over.
 * @param {{ projectDir: string, log: (line: string) => void }} input
 */
export async function ensureInstalled({ projectDir, log }) {
  const state = readInstallState(projectDir);
  if (state === 'fresh') return;
  if (state !== 'unstamped') {
    const startedMs = Date.now();
    const seconds = () => `${((Date.now() - startedMs) / 1_000).toFixed(0)} s`;
    log(`Installing packages (${state.replace('-', ' ')}) …`);
    const ticker = setInterval(() => log(`Installing packages … ${seconds()}`), LOG_EVERY_MS);
    rmSync(stampPath(projectDir), { force: true });
    try {
      // The remains of an interrupted install or of another platform are removed first.
      if (state !== 'stale') rmSync(join(projectDir, 'node_modules'), REMOVE_ALL);
      await runNpm(projectDir);
    } finally {
      clearInterval(ticker);
    }
    log(`Packages installed in ${seconds()}.`);
  }
  const stamp = { hash: hashOfManifests(projectDir), platform: currentPlatform() };
  writeFileSync(stampPath(projectDir), JSON.stringify(stamp));
}

/** Installs the packages of the lock file, verified by its hashes. */
function runNpm(projectDir) {
  const [command, args] = npmCommand();
  // Under a supervisor, so that after a kill -9 of this process npm stops writing into the folder. It is killed at
  // once, because the next start first removes what this one left.
  const supervisorPath = fileURLToPath(new URL('services/supervisor.mjs', import.meta.url));
  const options = JSON.stringify({ stopSignal: 'SIGKILL', graceMs: 0 });
  const npm = spawn(process.execPath, [supervisorPath, options, command].concat(args, INSTALL), {
    cwd: projectDir,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  });
  let output = '';
  const collect = (chunk) => {
    output = (output + chunk).slice(0, MAX_CHARACTERS);
  };
  npm.stdout.setEncoding('utf8').on('data', collect);
  npm.stderr.setEncoding('utf8').on('data', collect);
  return new Promise((resolve, reject) => {
    npm.once('error', reject);
    npm.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ci ended with ${code}:\n${output.trim()}`));
    });
  });
}

/** The npm that started this process, if one did; on Windows the bare name would need a shell. */
function npmCommand() {
  const cliPath = process.env.npm_execpath;
  return cliPath?.endsWith('npm-cli.js') ? [process.execPath, [cliPath]] : ['npm', []];
}

/** True if every required package is installed in the version of the lock file. */
function matchesLockFile(projectDir, installedLock) {
  const lock = readJson(join(projectDir, 'package-lock.json'));
  const manifest = readJson(join(projectDir, 'package.json'));
  if (!lock || !manifest) return false;
  const { '': root, ...locked } = lock.packages;
  if (!isDeepEqual(root.dependencies, manifest.dependencies)) return false;
  if (!isDeepEqual(root.devDependencies, manifest.devDependencies)) return false;
  return Object.entries(locked).every(([path, entry]) => {
    const installed = installedLock.packages[path];
    // Packages of other platforms and, in production, tools may be absent.
    if (!installed) return Boolean(entry.optional || entry.dev || entry.devOptional || entry.peer);
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

function isDeepEqual(a = {}, b = {}) {
  return canonical(a) === canonical(b);
}

function canonical(record) {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => a.localeCompare(b)));
}

function hashOfManifests(projectDir) {
  const hash = createHash('sha256');
  for (const name of ['package-lock.json', 'package.json']) {
    const path = join(projectDir, name);
    hash.update(existsSync(path) ? readFileSync(path) : '').update('\0');
  }
  return hash.digest('hex');
}

/** Node's binary interface rather than its version: a patch release needs no new install. */
function currentPlatform() {
  return `${process.platform}-${process.arch}-abi${process.versions.modules}`;
}

function stampPath(projectDir) {
  return join(projectDir, 'node_modules', '.tender-install');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const projectDir = fileURLToPath(new URL('..', import.meta.url));
  await ensureInstalled({ projectDir, log: (line) => process.stderr.write(`${line}\n`) });
}
