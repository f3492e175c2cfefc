/**
 * How Node runs the platform, for `startNodeProcess`; the same as in the scripts of package.json. Nearly every object a
 * relay allocates is garbage within a second, and V8's defaults suit other programs:
 * `docs/explanation/decisions/0022-v8-and-glibc-options.md`. The same is true of glibc's allocator, which reads its settings from the
 * environment: add your own variables to `env`.
 */
export const platformProcess = {
  entry: 'server/main.ts',
  nodeArgs: ['--max-semi-space-size=64', '--import', './worker/promise-hook.mjs'],
  env: {
    MALLOC_ARENA_MAX: '4',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '16777216',
  },
};
