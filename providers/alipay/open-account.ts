import type { OpenAccount } from '../definition.ts';
import { createAlipay } from './client.ts';
import { readPrivateKey, readPublicKey } from './keys.ts';

export const openAccount: OpenAccount = ({ settings, credentials }) =>
  createAlipay({
    gateway: settings['gateway'] ?? '',
    appId: settings['appId'] ?? '',
    sellerId: settings['sellerId'] ?? '',
    alipayPublicKey: readPublicKey(settings['alipayPublicKey'] ?? ''),
    privateKey: readPrivateKey(credentials['privateKey'] ?? ''),
  });
