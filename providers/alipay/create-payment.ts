import { toDecimal } from '../../domain/money.ts';
import { ProviderFault } from '../faults.ts';
import type { CreatePaymentInput, CreatePaymentResult } from '../provider.ts';
import { assertAbout, requireText } from './api.ts';
import type { Api } from './api.ts';
import { createCodes } from './codes.ts';
import { isSuccess, refusalOf } from './errors.ts';
import { alipayCurrency } from './status.ts';
import { plainText } from './text.ts';
import { toAlipayTime } from './time.ts';

/** Alipay's limit for one trade: a hundred million yuan. */
const maxAmountMinor = 100_000_000_00;

export async function createPayment(
  api: Api,
  input: CreatePaymentInput,
): Promise<CreatePaymentResult> {
  if (input.currency !== alipayCurrency.code) {
    return declined('CURRENCY_NOT_SUPPORTED', `Alipay accepts CNY, not ${input.currency}`);
  }
  // Checked here, because a page is signed without a call and only the payer would see the refusal.
  if (input.amountMinor > maxAmountMinor) {
    return declined('TOTAL_FEE_EXCEED', 'Alipay accepts at most 100000000.00 yuan for one trade');
  }
  switch (input.method) {
    case 'alipay.qr':
      return createQrCode(api, input);
    case 'alipay.page':
      return signPage(api, input, {
        method: 'alipay.trade.page.pay',
        extraFields: { product_code: 'FAST_INSTANT_TRADE_PAY' },
      });
    case 'alipay.wap':
      return signPage(api, input, {
        method: 'alipay.trade.wap.pay',
        extraFields: { product_code: 'QUICK_WAP_WAY', quit_url: input.returnUrl },
      });
    default:
      throw new ProviderFault('misconfigured', 'NO_SUCH_METHOD', `no method ${input.method}`);
  }
}

/** A QR code; scanning it creates the trade. https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate */
async function createQrCode(api: Api, input: CreatePaymentInput): Promise<CreatePaymentResult> {
  const { outTradeNo, notifyUrl } = input;
  const answer = await api.call('alipay.trade.precreate', tradeFields(input), { notifyUrl });
  if (isSuccess(answer)) {
    assertAbout(answer, { out_trade_no: outTradeNo });
    const content = requireText(answer, 'qr_code');
    return { kind: 'created', nextAction: { kind: 'qr', content }, providerRef: null };
  }
  return refusalOf(answer, createCodes);
}

/**
 * A locally signed URL of Alipay's page; opening it creates the trade. No call is made, so a repeat returns another URL
 * of the same trade. https://opendocs.alipay.com/open/59da99d0_alipay.trade.page.pay
 */
function signPage(
  api: Api,
  input: CreatePaymentInput,
  page: { method: string; extraFields: Record<string, string> },
): CreatePaymentResult {
  const { notifyUrl, returnUrl } = input;
  const bizContent = { ...tradeFields(input), ...page.extraFields };
  const url = api.pageUrl(page.method, bizContent, { notifyUrl, returnUrl });
  return { kind: 'created', nextAction: { kind: 'redirect', url }, providerRef: null };
}

function tradeFields({ outTradeNo, amountMinor, subject, expiresAt }: CreatePaymentInput) {
  return {
    out_trade_no: outTradeNo,
    total_amount: toDecimal(amountMinor, alipayCurrency.exponent),
    subject: plainSubject(subject),
    // Absolute, because `timeout_express` counts from the scan and would let the code outlive the order.
    time_expire: toAlipayTime(Date.parse(expiresAt)),
  };
}

/**
 * `/`, `=` and `&` are not allowed in a subject. Alipay would also return them unescaped in signed text, where `&name=`
 * reads as another field.
 */
function plainSubject(subject: string): string {
  return plainText(subject.replaceAll(/[/=&]/g, ' '), { maxCharacters: 256 });
}

function declined(code: string, message: string): CreatePaymentResult {
  return { kind: 'declined', code, message };
}
