import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const routes = fileURLToPath(new URL('../../api', import.meta.url));

const files = readdirSync(routes, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('middleware/'))
  .map((file) => ({ file, text: readFileSync(join(routes, file), 'utf8') }));

test('what waits under a key ends with it, and with a process that stops: nothing waits for its caller alone', () => {
  expect(files.filter(({ text }) => text.includes('c.var.endOfWait()')).length).toBeGreaterThan(12);
  const others = files.filter(({ text }) => /req\.raw\.signal/.test(text)).map(({ file }) => file);
  // The challenge is bounded by itself, and its answer is wanted.
  expect(others).toEqual(['endpoints/verify-endpoint.ts']);
});
