import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, readInstallState } from '../../dev/install.mjs';
import { afterEach, beforeEach, expect, test } from 'vitest';

const wanted = {
  'node_modules/needed': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/tool': { version: '2.0.0', integrity: 'sha512-b', dev: true },
  'node_modules/elsewhere': { version: '3.0.0', integrity: 'sha512-c', optional: true },
};
const { 'node_modules/needed': needed } = wanted;

let projectDir: string;
beforeEach(() => {
  projectDir = mkdtempSync(join(tmpdir(), 'tender-install-'));
  writeProject({ dependencies: { needed: '1.0.0' } });
});
afterEach(() => rmSync(projectDir, { recursive: true }));

function writeProject({ dependencies }: { dependencies: Record<string, string> }) {
  writeJson('package.json', { dependencies });
  writeJson('package-lock.json', { packages: { '': { dependencies }, ...wanted } });
}

function writeInstalled(packages: Record<string, unknown>) {
  mkdirSync(join(projectDir, 'node_modules'), { recursive: true });
  writeJson('node_modules/.package-lock.json', { packages });
}

function writeJson(path: string, value: unknown) {
  writeFileSync(join(projectDir, path), JSON.stringify(value));
}

test('without packages, or with an install that was interrupted, they are missing', () => {
  expect(readInstallState(projectDir)).toBe('missing');
  mkdirSync(join(projectDir, 'node_modules', 'needed'), { recursive: true });
  expect(readInstallState(projectDir)).toBe('missing');
});

test('packages that a plain npm command installed are kept, without those of other platforms', async () => {
  writeInstalled({ 'node_modules/needed': needed });
  expect(readInstallState(projectDir)).toBe('unstamped');
  const logged: string[] = [];
  await ensureInstalled({ projectDir, log: (line) => logged.push(line) });
  expect(readInstallState(projectDir)).toBe('fresh');
  expect(logged).toEqual([]);
});

test('another version of a package, or none of one that is needed, is stale', () => {
  writeInstalled({ 'node_modules/needed': { ...needed, version: '0.9.0' } });
  expect(readInstallState(projectDir)).toBe('stale');
  writeInstalled({});
  expect(readInstallState(projectDir)).toBe('stale');
});

test('a change of package.json that the lock file does not know is stale', async () => {
  writeInstalled({ 'node_modules/needed': needed });
  await ensureInstalled({ projectDir, log: () => {} });
  writeJson('package.json', { dependencies: { needed: '1.0.0', added: '1.0.0' } });
  expect(readInstallState(projectDir)).toBe('stale');
});

test('a change of package.json outside the dependencies needs no install', async () => {
  writeInstalled({ 'node_modules/needed': needed });
  await ensureInstalled({ projectDir, log: () => {} });
  writeJson('package.json', { dependencies: { needed: '1.0.0' }, scripts: { new: 'true' } });
  expect(readInstallState(projectDir)).toBe('unstamped');
});

test('packages that another platform or Node installed are installed anew', async () => {
  writeInstalled({ 'node_modules/needed': needed });
  writeJson('node_modules/.tender-install', { hash: 'any', platform: 'plan9-mips-abi1' });
  expect(readInstallState(projectDir)).toBe('other-platform');
});
