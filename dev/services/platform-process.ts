/**
 * How Node runs the platform, for `startNodeProcess`; as the scripts of package.json do. Nearly everything a relay
 * makes is dead within a second, and V8's defaults are for other programs: `docs/explanation/decisions/0022-v8-and-glibc-options.md`. So
 * are those of glibc's allocator, which only the environment tells: add yours to `env`.
 */
export const platformProcess = {
  entry: 'server/main.ts',
  nodeArgs: [
    '--max-semi-space-size=64',
    '--no-allocation-site-pretenuring',
    '--no-memory-reducer',
    '--heap-growing-percent=300',
    '--import',
    './worker/promise-hook.mjs',
  ],
  env: {
    MALLOC_ARENA_MAX: '4',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '16777216',
  },
};
