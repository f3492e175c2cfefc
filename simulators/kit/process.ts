import type { Simulator, SimulatorOptions } from './serve.ts';

/**
 * Runs a simulator as its own process. Variables: `<NAME>_SIM_PORT` (0 or unset: a free port), `_DATA_DIR`, `_HOST`,
 * `_PUBLIC_URL`, `_RETRY_SCALE` (0.001 turns a retry delay of 1 min into 60 ms), `_SAME_DAY_STATEMENTS=true`. Prints
 * its URL on stdout as JSON.
 */
export async function runAsProcess(
  name: 'ALIPAY' | 'WECHAT' | 'STRIPE',
  start: (options: SimulatorOptions) => Promise<Simulator>,
): Promise<void> {
  const readVariable = (key: string) => process.env[`${name}_SIM_${key}`];
  const dataDir = readVariable('DATA_DIR');
  const host = readVariable('HOST');
  const publicUrl = readVariable('PUBLIC_URL');
  const simulator = await start({
    port: Number(readVariable('PORT') ?? 0),
    notifyDelayScale: Number(readVariable('RETRY_SCALE') ?? 1),
    hasSameDayStatements: readVariable('SAME_DAY_STATEMENTS') === 'true',
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
  // Ends with a parent process that started it with an IPC channel.
  process.once('disconnect', () => void exit());
  process.stdout.write(`${JSON.stringify({ ready: true, url: simulator.url })}\n`);
}
