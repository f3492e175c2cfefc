/**
 * How Node runs the platform, for `startNodeProcess`; as the scripts of package.json do. Under load most of what
 * lives lives for the time of a call: with V8's 16 MB for the young it is copied again and again, for a tenth
 * of the relay's time, with pauses that events wait for. It is used as it is needed, not set aside.
 */
export const platformProcess = {
  entry: 'launcher/platform.ts',
  nodeArgs: ['--max-semi-space-size=64', '--import', './worker/promise-hook.mjs'],
};
