import { startAlipaySimulator } from '../../simulators/alipay/server.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { startStripeSimulator } from '../../simulators/stripe/server.ts';
import { startWechatPaySimulator } from '../../simulators/wechat-pay/server.ts';
import { apiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';

const starts = {
  alipay: startAlipaySimulator,
  'wechat-pay': startWechatPaySimulator,
  stripe: startStripeSimulator,
} as const;

export type RunningSimulator = {
  url: string;
  /** Speaks to its console. */
  call: ApiClient;
  stop(): Promise<void>;
};

/** Starts a provider's simulator in this process, on a free port, its book in memory. */
export async function startSimulator(
  provider: ProviderName,
  options: { retryGapsMs?: readonly number[]; hasSameDayStatements?: boolean } = {},
): Promise<RunningSimulator> {
  const simulator = await starts[provider]({ port: 0, hasSameDayStatements: true, ...options });
  const { url } = simulator;
  return { url, call: apiClient({ url: `${url}/console` }), stop: () => simulator.stop() };
}
