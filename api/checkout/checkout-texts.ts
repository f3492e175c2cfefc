/** The texts of the checkout page by language. */
export const checkoutTexts = {
  en: {
    title: 'Pay',
    scan: (provider: string) => `Scan with ${provider} to pay`,
    continueAt: (provider: string) => `Continue to ${provider}`,
    inApp: "Continue in the merchant's own app or page.",
    open: 'Pay on this device',
    otherWay: 'Pay another way',
    timeLeft: 'Time left',
    preparing: 'Preparing the payment…',
    paid: 'Paid',
    paidText: 'The payment has arrived. You can close this page.',
    authorized: 'Payment authorised',
    authorizedText: 'The amount is reserved. The merchant will confirm the order.',
    partially_refunded: 'Partly refunded',
    partially_refundedText: 'Part of your payment is on its way back to you.',
    refunded: 'Refunded',
    refundedText: 'Your payment is on its way back to you.',
    closed: 'This order is closed',
    closedText:
      'It can no longer be paid. If you have already paid, the merchant will be notified.',
    failed: 'The payment could not be opened',
    failedText: 'Please ask the merchant for another way to pay.',
    review: 'We are checking this payment',
    reviewText: 'Please do not pay again. The merchant will be in touch.',
    back: 'Back to the merchant',
    order: 'Order',
    other: '中文',
  },
  zh: {
    title: '付款',
    scan: (provider: string) => `请使用${provider}扫码付款`,
    continueAt: (provider: string) => `前往${provider}付款`,
    inApp: '请在商家的应用或页面中继续付款。',
    open: '在本机付款',
    otherWay: '更换付款方式',
    timeLeft: '剩余时间',
    preparing: '正在准备付款…',
    paid: '支付成功',
    paidText: '款项已收到，您可以关闭此页面。',
    authorized: '已授权付款',
    authorizedText: '款项已预留，等待商家确认订单。',
    partially_refunded: '已部分退款',
    partially_refundedText: '部分款项正在退回。',
    refunded: '已退款',
    refundedText: '款项正在退回。',
    closed: '订单已关闭',
    closedText: '该订单已无法付款。如果您已付款，商家会收到通知。',
    failed: '无法发起付款',
    failedText: '请联系商家更换付款方式。',
    review: '正在核对这笔付款',
    reviewText: '请勿重复付款，商家会与您联系。',
    back: '返回商家',
    order: '订单号',
    other: 'English',
  },
} as const;

export type Language = keyof typeof checkoutTexts;

/** The page's language: the requested one, else the first supported one in Accept-Language, else English. */
export function chooseLanguage(
  requested: string | undefined,
  accepted: string | undefined,
): Language {
  if (requested === 'en' || requested === 'zh') return requested;
  const first = /\b(zh|en)\b/i.exec(accepted ?? '')?.[1]?.toLowerCase();
  return first === 'zh' ? 'zh' : 'en';
}

/** Provider names as payers know them. */
export const providerNames: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: { alipay: 'Alipay', 'wechat-pay': 'WeChat Pay', stripe: 'card payment' },
  zh: { alipay: '支付宝', 'wechat-pay': '微信支付', stripe: '银行卡' },
};
