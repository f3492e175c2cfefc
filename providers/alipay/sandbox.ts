import { generateKeyPair, randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { request } from 'undici';
import { z } from 'zod';

export type Sandbox = {
  account: string;
  settings: Record<string, string>;
  credentials: Record<string, string>;
};

export type SandboxOptions = {
  simulatorUrl: string;
  /** Whether refunds succeed at once or are settled at the console. */
  refunds?: 'instant' | 'manual';
};

const registeredSchema = z.object({
  account: z.string(),
  appId: z.string(),
  sellerId: z.string(),
  alipayPublicKey: z.string(),
});

/** Opens a new application with its own key at the simulator; returns the fields of an account. */
export async function openAlipaySandbox({
  simulatorUrl,
  refunds = 'instant',
}: SandboxOptions): Promise<Sandbox> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
  });
  const answer = await request(new URL('/console/accounts', simulatorUrl), {
    method: 'POST',
    body: JSON.stringify({
      appId: `2021${twelveDigits()}`,
      sellerId: `2088${twelveDigits()}`,
      appPublicKey: publicKey.export({ type: 'spki', format: 'pem' }),
      refunds,
    }),
  });
  if (answer.statusCode !== 200) {
    throw new Error(`the simulator refused the account: ${await answer.body.text()}`);
  }
  const { account, appId, sellerId, alipayPublicKey } = registeredSchema.parse(
    await answer.body.json(),
  );
  return {
    account,
    settings: {
      gateway: new URL('/gateway.do', simulatorUrl).href,
      appId,
      sellerId,
      alipayPublicKey,
    },
    credentials: { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
  };
}

function twelveDigits(): string {
  return randomInt(1e12).toString().padStart(12, '0');
}
