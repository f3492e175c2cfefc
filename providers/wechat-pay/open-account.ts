import { z } from 'zod';
import type { AccountFields, OpenAccount } from '../definition.ts';
import { createWechatPay } from './client.ts';

export const openAccount: OpenAccount = ({ settings, credentials }) =>
  createWechatPay({
    apiUrl: settings['apiUrl'] ?? '',
    appId: settings['appId'] ?? '',
    mchId: settings['mchId'] ?? '',
    serialNo: settings['serialNo'] ?? '',
    privateKey: credentials['privateKey'] ?? '',
    apiV3Key: credentials['apiV3Key'] ?? '',
    wechatPayPublicKeys: readPublicKeys(settings),
  });

const publicKeysSchema = z.record(
  z.string().regex(/^PUB_KEY_ID_\d+$/, 'must be PUB_KEY_ID_ and digits, as in the portal'),
  z.string(),
);

/**
 * Optional: accounts with certificates need none. One key by its id, or several during a rotation, as JSON by id, with
 * the key that signs answers last.
 */
function readPublicKeys(settings: AccountFields['settings']): Record<string, string> {
  const several = settings['wechatPayPublicKeys'];
  const { wechatPayPublicKeyId: id, wechatPayPublicKey: key } = settings;
  if ((id === undefined) !== (key === undefined))
    throw new Error('wechatPayPublicKeyId and wechatPayPublicKey belong together');
  const keys = publicKeysSchema.safeParse({
    ...(several && JSON.parse(several)),
    ...(id !== undefined && { [id]: key }),
  });
  if (!keys.success) {
    throw new Error('wechatPayPublicKeyId must be PUB_KEY_ID_ and digits, as in the portal');
  }
  return keys.data;
}
