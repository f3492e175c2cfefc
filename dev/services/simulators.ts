import type { ProviderName } from '../../providers/provider.ts';

type SimulatorProcess = {
  entry: string;
  /** Its environment variables are `<name>_SIM_PORT` and the like. */
  envName: 'ALIPAY' | 'WECHAT' | 'STRIPE';
  preferredPort: number;
};

/** The process of each provider's simulator. */
export const simulatorProcesses: Readonly<Record<ProviderName, SimulatorProcess>> = {
  alipay: {
    entry: 'simulators/alipay/main.ts',
    envName: 'ALIPAY',
    preferredPort: 8090,
  },
  'wechat-pay': {
    entry: 'simulators/wechat-pay/main.ts',
    envName: 'WECHAT',
    preferredPort: 8092,
  },
  stripe: {
    entry: 'simulators/stripe/main.ts',
    envName: 'STRIPE',
    preferredPort: 8093,
  },
};

export const providerNames = Object.keys(simulatorProcesses) as ProviderName[];

/** The environment of one simulator's process. */
export function simulatorEnv(
  provider: ProviderName,
  parts: { port: number; dataDir: string; retryScale?: string; sameDayStatements?: boolean },
): Record<string, string> {
  const { envName } = simulatorProcesses[provider];
  return {
    [`${envName}_SIM_PORT`]: String(parts.port),
    [`${envName}_SIM_DATA_DIR`]: parts.dataDir,
    ...(parts.retryScale && { [`${envName}_SIM_RETRY_SCALE`]: parts.retryScale }),
    ...(parts.sameDayStatements && { [`${envName}_SIM_SAME_DAY_STATEMENTS`]: 'true' }),
  };
}
