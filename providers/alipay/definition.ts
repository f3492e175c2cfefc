import type { ProviderDefinition } from '../definition.ts';

const traits = { currencies: ['CNY'], canAuthorize: false, needs: [] } as const;

/** Alipay's open platform, v2 gateway. */
export const alipay: ProviderDefinition = {
  name: 'alipay',
  title: 'Alipay',
  methods: {
    // A precreated code can be scanned for two hours. https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate
    'alipay.qr': { ...traits, handleSeconds: 7_200 },
    'alipay.page': traits,
    'alipay.wap': traits,
  },
  account: {
    settings: ['gateway', 'appId', 'sellerId', 'alipayPublicKey'],
    credentials: ['privateKey'],
  },
  statements: { timeZone: 'Asia/Shanghai', readyAt: { hour: 12, minute: 10 } },
};
