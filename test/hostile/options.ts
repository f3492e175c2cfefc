import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export type Options = {
  minutes: number;
  seed: number;
  isJson: boolean;
  /** Whether API and worker are one process, as by default, or two. */
  parts: 'together' | 'apart';
  /** How late anything of the healthy merchant may be. */
  lateMs: number;
};

export const help = `npm run hostile -- [options]

Runs Tender beside everything that an outsider can do to it, and fails if a healthy merchant notices.

  --minutes <n>   how long the hostile world lasts, fractions allowed (2)
  --seed <n>      what is drawn by chance, repeatable (random)
  --parts <how>   together: API and worker are one process; apart: two processes (together)
  --late-ms <n>   how late anything of the healthy merchant may be (5000)
  --json          one line of JSON on stdout in place of a table
  --help          this text

Exit status: 0 if every line of the promise holds, 1 if one is broken, 2 for wrong arguments.
`;

/** Reads the arguments; a text says what is wrong with them, undefined asks for help. */
export function readOptions(args: readonly string[]): Options | string | undefined {
  const read = parse(args);
  if (typeof read === 'string') return read;
  if (read.help) return undefined;
  const minutes = Number(read.minutes);
  if (!(minutes > 0 && minutes <= 1_440)) return '--minutes must be a number above 0, up to 1440.';
  const seed = Number(read.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) return '--seed must be a whole number from 0.';
  const lateMs = Number(read['late-ms']);
  if (!Number.isSafeInteger(lateMs) || lateMs < 1)
    return '--late-ms must be a whole number from 1.';
  const { parts } = read;
  if (parts !== 'together' && parts !== 'apart') return '--parts must be together or apart.';
  return { minutes, seed, parts, lateMs, isJson: read.json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '2' },
        seed: { type: 'string', default: String(randomInt(1, 1_000_000)) },
        parts: { type: 'string', default: 'together' },
        'late-ms': { type: 'string', default: '5000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
