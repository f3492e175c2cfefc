/**
 * How Node runs the platform, for `startNodeProcess`; as the scripts of package.json do. Nearly everything a relay
 * makes is dead within a second, and V8's defaults are for other programs: `docs/decisions/0022-how-v8-collects.md`.
 */
export const platformProcess = {
  entry: 'launcher/platform.ts',
  nodeArgs: [
    '--max-semi-space-size=64',
    '--no-allocation-site-pretenuring',
    '--no-memory-reducer',
    '--heap-growing-percent=300',
    '--import',
    './worker/promise-hook.mjs',
  ],
};
