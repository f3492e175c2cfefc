import { z } from 'zod';
import type { AccountWords, ProviderDefinition } from '../definition.ts';
import { createWechatPay } from './client.ts';

const currencies = ['CNY'] as const;

/** `prepay_id` and `code_url`, whatever the order's `time_expire` says. https://pay.weixin.qq.com/doc/v3/merchant/4012791877 */
const prepaySeconds = 7_200;
/** `h5_url`. https://pay.weixin.qq.com/doc/v3/merchant/4012791835 */
const h5Seconds = 300;

export const wechatPay: ProviderDefinition = {
  name: 'wechat-pay',
  title: 'WeChat Pay',
  methods: {
    'wechat-pay.native': {
      currencies,
      canAuthorize: false,
      needs: [],
      handleSeconds: prepaySeconds,
    },
    'wechat-pay.jsapi': {
      currencies,
      canAuthorize: false,
      needs: ['providerUserId'],
      handleSeconds: prepaySeconds,
    },
    'wechat-pay.h5': { currencies, canAuthorize: false, needs: ['ip'], handleSeconds: h5Seconds },
  },
  account: {
    settings: ['apiUrl', 'appId', 'mchId', 'serialNo'],
    credentials: ['privateKey', 'apiV3Key'],
    optional: ['wechatPayPublicKeyId', 'wechatPayPublicKey', 'wechatPayPublicKeys'],
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

const publicKeysSchema = z.record(
  z.string().regex(/^PUB_KEY_ID_\d+$/, 'must be PUB_KEY_ID_ and digits, as in the portal'),
  z.string(),
);

/**
 * Optional: accounts that have certificates need none. One key by its id, or several while they change, as JSON by id,
 * the one that answers are to be signed by last.
 */
function readPublicKeys(settings: AccountWords['settings']): Record<string, string> {
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
