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

/** What they take for one trade: a hundred million yuan. */
const maxAmountMinor = 100_000_000_00;

export async function createPayment(
  api: Api,
  input: CreatePaymentInput,
): Promise<CreatePaymentResult> {
  if (input.currency !== alipayCurrency.code) {
    return declined('CURRENCY_NOT_SUPPORTED', `Alipay takes CNY, not ${input.currency}`);
  }
  // Said here, because a page is signed without asking them, and only the payer would be told.
  if (input.amountMinor > maxAmountMinor) {
    return declined('TOTAL_FEE_EXCEED', 'Alipay takes at most 100000000.00 yuan for one trade');
  }
  switch (input.method) {
    case 'alipay.qr':
      return issueCode(api, input);
    case 'alipay.page':
      return signPage(api, input, {
        method: 'alipay.trade.page.pay',
        terms: { product_code: 'FAST_INSTANT_TRADE_PAY' },
      });
    case 'alipay.wap':
      return signPage(api, input, {
        method: 'alipay.trade.wap.pay',
        terms: { product_code: 'QUICK_WAP_WAY', quit_url: input.returnUrl },
      });
    default:
      throw new ProviderFault('misconfigured', 'NO_SUCH_METHOD', `no method ${input.method}`);
  }
}

/** A code to scan; the trade begins with the scan. https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate */
async function issueCode(api: Api, input: CreatePaymentInput): Promise<CreatePaymentResult> {
  const { outTradeNo, notifyUrl } = input;
  const answer = await api.call('alipay.trade.precreate', termsOf(input), { notifyUrl });
  if (isSuccess(answer)) {
    assertAbout(answer, { out_trade_no: outTradeNo });
    const content = requireText(answer, 'qr_code');
    return { kind: 'created', nextAction: { kind: 'qr', content }, providerRef: null };
  }
  return refusalOf(answer, createCodes);
}

/**
 * An address signed here, where the payer meets Alipay; the trade begins when it is opened. They are
 * not asked, so a repeat is another address of the same trade. https://opendocs.alipay.com/open/59da99d0_alipay.trade.page.pay
 */
function signPage(
  api: Api,
  input: CreatePaymentInput,
  page: { method: string; terms: Record<string, string> },
): CreatePaymentResult {
  const { notifyUrl, returnUrl } = input;
  const bizContent = { ...termsOf(input), ...page.terms };
  const url = api.pageUrl(page.method, bizContent, { notifyUrl, returnUrl });
  return { kind: 'created', nextAction: { kind: 'redirect', url }, providerRef: null };
}

function termsOf({ outTradeNo, amountMinor, subject, expiresAt }: CreatePaymentInput) {
  return {
    out_trade_no: outTradeNo,
    total_amount: toDecimal(amountMinor, alipayCurrency.exponent),
    subject: plainSubject(subject),
    // Absolute, because `timeout_express` counts from the scan and would let the code outlive the order.
    time_expire: toAlipayTime(Date.parse(expiresAt)),
  };
}

/**
 * `/`, `=` and `&` are not allowed in a subject. They would also come back unescaped in signed text,
 * where `&name=` reads as another field.
 */
function plainSubject(subject: string): string {
  return plainText(subject.replaceAll(/[/=&]/g, ' '), { maxCharacters: 256 });
}

function declined(code: string, message: string): CreatePaymentResult {
  return { kind: 'declined', code, message };
}
