import { generateKeyPair, randomBytes, randomInt } from 'node:crypto';
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
  /** New merchants have a public key instead of a platform certificate. */
  verifiesBy?: 'certificates' | 'publicKey';
};

const registeredSchema = z.object({
  account: z.string(),
  wechatPayPublicKeys: z.record(z.string(), z.string()),
});

/** Opens a new merchant with its own keys at the simulator; returns the fields of an account. */
export async function openWechatPaySandbox({
  simulatorUrl,
  refunds = 'instant',
  verifiesBy = 'certificates',
}: SandboxOptions): Promise<Sandbox> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
  });
  const appId = `wx${randomBytes(8).toString('hex')}`;
  const mchId = `19${randomInt(1e8).toString().padStart(8, '0')}`;
  const serialNo = randomBytes(20).toString('hex').toUpperCase();
  const apiV3Key = randomBytes(16).toString('hex');
  const answer = await request(new URL('/console/accounts', simulatorUrl), {
    method: 'POST',
    body: JSON.stringify({
      mchId,
      appId,
      serialNo,
      apiV3Key,
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
      refunds,
      verifiesBy,
    }),
  });
  if (answer.statusCode !== 200) {
    throw new Error(`the simulator refused the account: ${await answer.body.text()}`);
  }
  const { account, wechatPayPublicKeys } = registeredSchema.parse(await answer.body.json());
  return {
    account,
    settings: {
      apiUrl: simulatorUrl,
      appId,
      mchId,
      serialNo,
      wechatPayPublicKeys: JSON.stringify(wechatPayPublicKeys),
    },
    credentials: {
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      apiV3Key,
    },
  };
}
