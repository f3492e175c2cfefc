/**
 * How Node runs the platform, for `startNodeProcess`; as the scripts of package.json do. Under load most of what
 * lives lives for the time of a call: with V8's 16 MB for the young it is copied again and again, for a tenth
 * of the relay's time, with pauses that events wait for. It is used as it is needed, not set aside. And V8 learns
 * from the start of a process, when little is collected, that rows of the database live long, and puts them among
 * the old from then on, where the dead ones keep all that they hold alive: that was nine tenths of each pause.
 */
export const platformProcess = {
  entry: 'launcher/platform.ts',
  nodeArgs: [
    '--max-semi-space-size=64',
    '--no-allocation-site-pretenuring',
    '--import',
    './worker/promise-hook.mjs',
  ],
};
