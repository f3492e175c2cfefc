import { z } from 'zod';

const portalAnswer = z.object({
  account: z.string(),
  mode: z.string(),
  secretKey: z.string(),
  publishableKey: z.string(),
  webhookSecret: z.string(),
  sameDayStatements: z.boolean(),
});

export type Sandbox = {
  account: string;
  settings: Record<string, string>;
  credentials: Record<string, string>;
};

/** Opens an account at the simulator, as in Stripe's Dashboard. Its webhook endpoint is registered later. */
export async function openStripeSandbox({
  simulatorUrl,
}: {
  simulatorUrl: string;
}): Promise<Sandbox> {
  const response = await fetch(new URL('/console/accounts', simulatorUrl), { method: 'POST' });
  if (!response.ok) throw new Error(`the simulator answered ${response.status}`);
  const opened = portalAnswer.parse(await response.json());
  return {
    account: opened.account,
    settings: {
      apiUrl: simulatorUrl,
      accountId: opened.account,
      publishableKey: opened.publishableKey,
      mode: opened.mode,
      ...(opened.sameDayStatements && { sameDayStatements: 'true' }),
    },
    credentials: { secretKey: opened.secretKey, webhookSecrets: opened.webhookSecret },
  };
}
