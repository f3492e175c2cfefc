import type { NameAnswer } from '../support/hostile/name-server.ts';

/** The healthy merchant's own. */
export const healthyName = 'shop.healthy.test';

const many = Array.from({ length: 250 }, (_, n) => `127.0.1.${n + 1}`);

/** By the first word of a name below `hostile.test`; what comes after a dash makes it a name of its own. */
const hostileAnswers: Readonly<Record<string, (asked: number) => NameAnswer>> = {
  silent: () => 'silence',
  absent: () => 'absent',
  late: () => ({ a: ['127.0.0.1'], delayMs: 1_000, ttlSeconds: 0 }),
  // c-ares has given up, or asked again.
  'too-late': () => ({ a: ['127.0.0.1'], delayMs: 6_000, ttlSeconds: 0 }),
  moving: (asked) => ({ a: [`127.0.2.${1 + (asked % 250)}`], ttlSeconds: 0 }),
  many: () => ({ a: many, ttlSeconds: 0 }),
  none: () => ({ a: [], ttlSeconds: 0 }),
  truncated: () => ({ a: ['127.0.0.1'], fault: 'truncated' }),
  stranger: () => ({ a: ['127.0.0.1'], fault: 'wrongId' }),
  cut: () => ({ a: ['127.0.0.1'], fault: 'cut' }),
  noise: () => ({ a: ['127.0.0.1'], fault: 'noise' }),
  forever: () => ({ a: ['127.0.0.1'], ttlSeconds: 0x7fffffff }),
};

export const hostileNames: readonly string[] = Object.keys(hostileAnswers);

/** What the run's name server says: the truth of the healthy name, and every lie of the others. */
export function createNames(): (name: string) => NameAnswer {
  let asked = 0;
  return (name) => {
    if (name === healthyName) return { a: ['127.0.0.1'], ttlSeconds: 1 };
    asked += 1;
    const word = hostileNames.find((one) => name.split('.')[0]?.replace(/-\d+$/, '') === one);
    return word === undefined ? 'absent' : hostileAnswers[word]!(asked);
  };
}
