/**
 * How Node runs the platform, for `startNodeProcess`; as the scripts of package.json do. Under load most of what
 * lives lives for the time of a call: with V8's 16 MB for the young it is copied again and again, for a tenth
 * of the relay's time, with pauses that events wait for. It is used as it is needed, not set aside. And V8 learns
 * from the start of a process, when little is collected, that rows of the database live long, and puts them among
 * the old from then on, where the dead ones keep all that they hold alive: that was nine tenths of each pause.
 * Last, V8 tidies a process up that it has not tidied for 100 seconds, and makes the room for the young small again,
 * whatever the load: from then on all memory was collected every nine seconds at 600 events a second, 100 ms in
 * which two cores had no time for events. What a process has grown to, it keeps.
 */
export const platformProcess = {
  entry: 'launcher/platform.ts',
  nodeArgs: [
    '--max-semi-space-size=64',
    '--no-allocation-site-pretenuring',
    '--no-memory-reducer',
    '--import',
    './worker/promise-hook.mjs',
  ],
};
