import { startAlipaySimulator } from './server.ts';

/**
 * The simulator as a process of its own. `ALIPAY_SIM_PORT` (0 or unset: a free one), `ALIPAY_SIM_DATA_DIR`,
 * `ALIPAY_SIM_HOST`, `ALIPAY_SIM_PUBLIC_URL`, `ALIPAY_SIM_RETRY_SCALE` (0.001 makes minutes of a ladder
 * milliseconds). Says on stdout where it listens.
 */
const { env } = process;
const simulator = await startAlipaySimulator({
  port: Number(env['ALIPAY_SIM_PORT'] ?? 0),
  notifyDelayScale: Number(env['ALIPAY_SIM_RETRY_SCALE'] ?? 1),
  ...(env['ALIPAY_SIM_DATA_DIR'] && { dataDir: env['ALIPAY_SIM_DATA_DIR'] }),
  ...(env['ALIPAY_SIM_HOST'] && { host: env['ALIPAY_SIM_HOST'] }),
  ...(env['ALIPAY_SIM_PUBLIC_URL'] && { publicUrl: env['ALIPAY_SIM_PUBLIC_URL'] }),
});

async function exit(): Promise<void> {
  await simulator.stop();
  process.exit(0);
}

process.once('SIGTERM', () => void exit());
process.once('SIGINT', () => void exit());
// Started by a parent with a channel to it: without the parent nobody would end this process.
process.once('disconnect', () => void exit());

process.stdout.write(`${JSON.stringify({ ready: true, url: simulator.url })}\n`);
