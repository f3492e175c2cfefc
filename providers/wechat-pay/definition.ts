import { z } from 'zod';
import type { AccountWords, ProviderDefinition } from '../definition.ts';
import { createWechatPay } from './client.ts';

const currencies = ['CNY'] as const;

export const wechatPay: ProviderDefinition = {
  name: 'wechat-pay',
  title: 'WeChat Pay',
  methods: {
    'wechat-pay.native': { currencies, canAuthorize: false, needs: [] },
    'wechat-pay.jsapi': { currencies, canAuthorize: false, needs: ['providerUserId'] },
    'wechat-pay.h5': { currencies, canAuthorize: false, needs: ['ip'] },
  },
  account: {
    settings: ['apiUrl', 'appId', 'mchId', 'serialNo'],
    credentials: ['privateKey', 'apiV3Key'],
  },
  statements: { timeZone: 'Asia/Shanghai', readyAt: { hour: 10, minute: 30 } },
  create: ({ settings, credentials }) =>
    createWechatPay({
      apiUrl: settings['apiUrl'] ?? '',
      appId: settings['appId'] ?? '',
      mchId: settings['mchId'] ?? '',
      serialNo: settings['serialNo'] ?? '',
      privateKey: credentials['privateKey'] ?? '',
      apiV3Key: credentials['apiV3Key'] ?? '',
      wechatPayPublicKeys: readPublicKeys(settings),
    }),
};

/** Optional: accounts that have certificates need none. */
function readPublicKeys(settings: AccountWords['settings']): Record<string, string> {
  const text = settings['wechatPayPublicKeys'];
  return text ? z.record(z.string(), z.string()).parse(JSON.parse(text)) : {};
}
