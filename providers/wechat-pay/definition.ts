import type { ProviderDefinition } from '../definition.ts';

const currencies = ['CNY'] as const;

/**
 * Lifetime of `prepay_id` and `code_url`, whatever the order's `time_expire` is.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
const prepaySeconds = 7_200;
/** Lifetime of `h5_url`. https://pay.weixin.qq.com/doc/v3/merchant/4012791835 */
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
};
