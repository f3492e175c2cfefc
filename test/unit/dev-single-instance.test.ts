import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectProcess } from '../../dev/services/process-table.ts';
import { AlreadyRunningError, claimInstance } from '../../dev/services/single-instance.ts';

/** Another process that surely lives as long as this one. */
const other = { pid: process.ppid, startedAt: inspectProcess(process.ppid)?.startedAt };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tender-instance-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function writeRun(run: unknown) {
  writeFileSync(join(dir, 'run.json'), typeof run === 'string' ? run : JSON.stringify(run));
}

test('a claim says who runs and where, and goes away when released', async () => {
  const claim = await claimInstance({ dir });
  claim.announce('http://127.0.0.1:3000');
  expect(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))).toEqual({
    pid: process.pid,
    startedAt: inspectProcess(process.pid)?.startedAt,
    url: 'http://127.0.0.1:3000',
  });
  claim.release();
  expect(existsSync(join(dir, 'run.json'))).toBe(false);
});

test('a second start is refused with the process and the address of the first', async () => {
  writeRun({ ...other, url: 'http://127.0.0.1:3000' });
  const refusal = await claimInstance({ dir }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(AlreadyRunningError);
  expect(refusal).toMatchObject({ pid: other.pid, url: 'http://127.0.0.1:3000' });
  expect(String(refusal)).toContain(`at http://127.0.0.1:3000 (process ${other.pid}`);
});

test.each([
  ['a process that has ended', { pid: 2_147_483_647, startedAt: 'then' }],
  ['a process whose id was given to another', { pid: other.pid, startedAt: 'an earlier boot' }],
  ['a file cut short', '{"pid":'],
])('%s does not block a start', async (_, run) => {
  writeRun(run);
  const claim = await claimInstance({ dir });
  expect(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')).pid).toBe(process.pid);
  claim.release();
});

test('a release leaves the claim of a later process alone', async () => {
  const claim = await claimInstance({ dir });
  writeRun(other);
  claim.release();
  expect(existsSync(join(dir, 'run.json'))).toBe(true);
});
