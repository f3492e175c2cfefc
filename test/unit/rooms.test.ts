import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { rooms } from '../../lint/rooms.mjs';
import { projectFolder } from '../support/doc-blocks.ts';

// Beside the project: other tests read the whole of it meanwhile.
const scratch = mkdtempSync(join(tmpdir(), 'tender-rooms-'));
cpSync(join(projectFolder, 'lint'), join(scratch, 'lint'), { recursive: true });
cpSync(join(projectFolder, '.oxlintrc.json'), join(scratch, '.oxlintrc.json'));
symlinkSync(join(projectFolder, 'node_modules'), join(scratch, 'node_modules'), 'dir');
afterAll(() => rmSync(scratch, { recursive: true }));

/** What lint says of a file of a room that holds this. */
function lint(room: string, text: string): string {
  mkdirSync(join(scratch, room), { recursive: true });
  writeFileSync(join(scratch, room, 'some-file.ts'), text);
  const { stdout } = spawnSync('npx', ['oxlint', '--format=unix', `${room}/some-file.ts`], {
    cwd: scratch,
    encoding: 'utf8',
  });
  return stdout;
}

test('every folder with code is a room that lint knows', () => {
  const outside = new Set(['bench', 'docs', 'lint', 'node_modules', 'test']);
  const folders = readdirSync(projectFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => !outside.has(name));
  expect(folders.toSorted()).toEqual(Object.keys(rooms).toSorted());
});

test('no two rooms may import each other, however many lie between', () => {
  const reach = (from: string, seen = new Set<string>()): Set<string> => {
    for (const to of rooms[from]?.mayImport ?? []) if (!seen.has(to)) reach(to, seen.add(to));
    return seen;
  };
  for (const room of Object.keys(rooms)) expect([...reach(room)]).not.toContain(room);
});

describe('lint refuses', () => {
  test.each([
    [
      'a type from a room above',
      'db',
      "import type { ApiDeps } from '../api/deps.ts';\nexport type A = ApiDeps;\n",
      'db/ may import domain/ only',
    ],
    [
      'a simulator in the product',
      'services',
      "export * from '../simulators/kit/random.ts';\n",
      'services/ may import',
    ],
    [
      'a query outside db/',
      'services',
      "import { sql } from 'drizzle-orm';\nexport const a = sql;\n",
      'drizzle-orm belongs to db/',
    ],
    [
      'a signal outside orchestration/',
      'api',
      "import type { Client } from '@temporalio/client';\nexport const a = (client: Client) => client.workflow.getHandle('x');\n",
      'Only orchestration/',
    ],
    [
      'an import in a template',
      'services',
      'export const a = await import(`../api/app.ts`);\n',
      'services/ may import',
    ],
    [
      'an import of a variable',
      'api',
      "const name = '../dev/main.ts';\nexport const a = await import(name);\n",
      'by a plain text',
    ],
    [
      'a required file',
      'db',
      "import { createRequire } from 'node:module';\nexport const a = createRequire(import.meta.url)('../api/app.ts');\n",
      'db/ may import',
    ],
    [
      'a file outside every folder',
      'services',
      "export * from '../drizzle.config.ts';\n",
      'services/ may import',
    ],
    ['a folder that nobody listed', 'helpers', 'export const a = 1;\n', 'is no folder of'],
    [
      'the Temporal client under another name',
      'api',
      "export const a = (c: any) => c['workflow'].getHandle('x');\n",
      'Only orchestration/',
    ],
    [
      'a service taken out of the Temporal client',
      'api',
      'export const a = (client: any) => {\n  const { workflow } = client;\n  return workflow;\n};\n',
      'Only orchestration/',
    ],
  ])('%s', (_, room, text, message) => {
    expect(lint(room, text)).toContain(message);
  });
});

/** Packages that a file loads, directly or through what it imports statically; imports of types load nothing. */
function packagesLoadedBy(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  const pending = [file];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const code = readFileSync(path, 'utf8').replaceAll(/(?:im|ex)port type [^;]*;/g, '');
    for (const [, specifier = ''] of code.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm)) {
      if (specifier.startsWith('.')) pending.push(resolve(dirname(path), specifier));
      else packages.add(specifier);
    }
  }
  return packages;
}

test('no route loads a provider’s SDK: whoever calls the provider loads it', () => {
  const loaded = packagesLoadedBy(join(projectFolder, 'api/app.ts'));
  expect(loaded).toContain('@hono/zod-openapi');
  expect([...loaded]).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(?:alipay-sdk|stripe|wechatpay)/)]),
  );
  const all = packagesLoadedBy(join(projectFolder, 'providers/stripe/open-account.ts'));
  expect(all).toContain('stripe');
});

test('no file switches the import rules off', () => {
  const files = Object.keys(rooms).flatMap((room) =>
    readdirSync(join(projectFolder, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[mc]?tsx?$|\.mjs$/.test(file))
      .map((file) => join(projectFolder, room, file)),
  );
  expect(files.length).toBeGreaterThan(500);
  const disabling = /(?:ox|es)lint-disable[^\n]*(?:house|no-restricted|no-cycle|\*\/)/;
  expect(files.filter((file) => disabling.test(readFileSync(file, 'utf8')))).toEqual([]);
});
