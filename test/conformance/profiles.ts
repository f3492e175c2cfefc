import type { ProviderName } from '../../providers/provider.ts';

/** What providers do differently by their own rules; everything else must be the same. */
export type Profile = {
  /** A currency it takes, and one it does not (null: it takes all). */
  currency: string;
  refusedCurrency: string | null;
  /** Signed answers can be tampered with; a provider that does not sign them cannot show that. */
  signsAnswers: boolean;
  /** Notifications say when they were made, so that an old one is refused. Alipay's do not. */
  hasFreshness: boolean;
  /** Refunds can bounce after they were accepted. */
  canBounce: boolean;
  hasDisputes: boolean;
  /** No trade exists before the payer has opened the code. */
  isBegunByPayer: boolean;
  /** A setting that, when wrong, makes the provider refuse the account. */
  wrongCredential: { name: string; value: string };
};

export const profiles: Readonly<Record<ProviderName, Profile>> = {
  alipay: {
    currency: 'CNY',
    refusedCurrency: 'USD',
    signsAnswers: true,
    hasFreshness: false,
    canBounce: false,
    hasDisputes: false,
    isBegunByPayer: true,
    wrongCredential: { name: 'appId', value: '2021000000000000' },
  },
  'wechat-pay': {
    currency: 'CNY',
    refusedCurrency: 'USD',
    signsAnswers: true,
    hasFreshness: true,
    canBounce: true,
    hasDisputes: false,
    isBegunByPayer: false,
    wrongCredential: { name: 'serialNo', value: '0000000000000000000000000000000000000000' },
  },
  stripe: {
    currency: 'USD',
    refusedCurrency: null,
    signsAnswers: false,
    hasFreshness: true,
    canBounce: true,
    hasDisputes: true,
    isBegunByPayer: false,
    wrongCredential: { name: 'secretKey', value: 'sk_test_revoked' },
  },
};
