import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';

type Ended = { code: number; stdout: string; line: Record<string, unknown> };

/** Runs the program that does not catch an error of the given kind. */
function run(kind: string): Promise<Ended> {
  const program = 'test/support/hostile/uncaught-program.ts';
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', program, kind], (error, stdout, stderr) => {
      const line = JSON.parse(stderr.split('\n')[0] ?? '') as Record<string, unknown>;
      resolve({ code: error ? Number(error.code) : 0, stdout, line });
    });
  });
}

test.each(['socket', 'timer', 'rejection'])(
  'an error of an outgoing call’s %s that nobody caught is logged, and outlived',
  async (kind) => {
    const { code, stdout, line } = await run(kind);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'alive\n' });
    expect(line).toMatchObject({
      event: 'process.uncaught',
      level: 50,
      kind: 'test',
      target: 'somebody',
      count: 1,
      error: { message: 'nobody catches it' },
    });
  },
);

test.each(['ownTimer', 'ownRejection'])(
  'any other error that nobody caught (%s) is logged, and ends the process',
  async (kind) => {
    const { code, stdout, line } = await run(kind);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(line).toMatchObject({
      event: 'process.uncaught',
      level: 60,
      error: { message: 'nobody catches it' },
    });
  },
);
