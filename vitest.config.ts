import { defineConfig } from 'vitest/config';

const slowMs = 120_000;

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: slowMs,
    hookTimeout: slowMs,
    execArgv: ['--import', './worker/promise-hook.mjs'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/{integration,security,replay,browser,e2e}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
});
