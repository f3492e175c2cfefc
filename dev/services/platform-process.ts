/**
 * Node's options and environment for the platform, for `startNodeProcess`; the same as in the scripts of package.json.
 * Most objects of a relay are garbage within a second, for which V8's defaults do not suit:
 * `docs/explanation/decisions/0022-v8-and-glibc-options.md`. glibc's allocator is set through the environment; add your
 * own variables to `env`.
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
