import type { Simulator, SimulatorOptions } from './serve.ts';

/**
 * A simulator as a process of its own. `<NAME>_SIM_PORT` (0 or unset: a free one), `_DATA_DIR`, `_HOST`,
 * `_PUBLIC_URL`, `_RETRY_SCALE` (0.001 makes minutes of a ladder milliseconds), `_SAME_DAY_STATEMENTS=true`.
 * Says on stdout where it listens.
 */
export async function runAsProcess(
  name: 'ALIPAY' | 'WECHAT' | 'STRIPE',
  start: (options: SimulatorOptions) => Promise<Simulator>,
): Promise<void> {
  const word = (key: string) => process.env[`${name}_SIM_${key}`];
  const dataDir = word('DATA_DIR');
  const host = word('HOST');
  const publicUrl = word('PUBLIC_URL');
  const simulator = await start({
    port: Number(word('PORT') ?? 0),
    notifyDelayScale: Number(word('RETRY_SCALE') ?? 1),
    hasSameDayStatements: word('SAME_DAY_STATEMENTS') === 'true',
    ...(dataDir && { dataDir }),
    ...(host && { host }),
    ...(publicUrl && { publicUrl }),
  });
  const exit = async () => {
    await simulator.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void exit());
  process.once('SIGINT', () => void exit());
  // Started by a parent with a channel to it: without the parent nobody would end this process.
  process.once('disconnect', () => void exit());
  process.stdout.write(`${JSON.stringify({ ready: true, url: simulator.url })}\n`);
}
