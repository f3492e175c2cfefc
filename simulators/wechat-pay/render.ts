import type { Book, Notification } from '../kit/book.ts';
import type { Change, Rendered } from '../kit/notifier.ts';
import { findMerchant } from './account.ts';
import type { NewsPayload } from './dialect.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { encrypt, nowSeconds, signatureHeaders } from './signing.ts';

const replayedSecondsAgo = 900;

/** Fifteen retries over about a day. https://pay.weixin.qq.com/wiki/doc/api/wxpay/ch/pay/H5Payment/chapter8_7.shtml */
export const documentedRetryGapsMs: readonly number[] = [
  15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
].map((seconds) => seconds * 1000);

export type Renderer = (notification: Notification, change: Change) => Promise<Rendered>;

/** Encrypts and signs at every attempt. */
export function createRenderer(book: Book, keys: PlatformKeys): Renderer {
  return async (notification, change) => {
    const merchant = findMerchant(book, notification.account);
    if (!merchant) throw new Error(`no merchant ${notification.account}`);
    const { createTime, summary, originalType, content } = ownPayload(notification);
    const plaintext = JSON.stringify(changed(content, change));
    const body = JSON.stringify({
      id: notification.id,
      create_time: createTime,
      resource_type: 'encrypt-resource',
      event_type: notification.type,
      summary,
      resource: {
        original_type: originalType,
        ...encrypt(plaintext, merchant.apiV3Key, originalType),
      },
    });
    const timestamp = nowSeconds() - (change?.fault === 'replayed' ? replayedSecondsAgo : 0);
    const headers = await signatureHeaders(body, keys.signerFor(merchant), timestamp);
    if (change?.fault === 'forged') forge(headers);
    return { headers: { ...headers, 'content-type': 'application/json' }, body };
  };
}

/** Renders a probe that checks whether a merchant verifies: WeChat's mark and an invalid signature. */
export async function renderProbe(render: Renderer, notification: Notification): Promise<Rendered> {
  const { headers, body } = await render(notification, { fault: 'forged' });
  const signature = `WECHATPAY/SIGNTEST/${headers['wechatpay-signature'] ?? ''}`;
  return { headers: { ...headers, 'wechatpay-signature': signature }, body };
}

function changed(content: Record<string, unknown>, change: Change): Record<string, unknown> {
  switch (change?.fault) {
    case 'wrongAmount': {
      const amount = content['amount'] as Record<string, unknown>;
      return { ...content, amount: { ...amount, total: 1, refund: 1 } };
    }
    case 'wrongApp':
      // Refunds have no application id.
      return 'appid' in content ? { ...content, appid: 'wx0000000000000000' } : content;
    case 'wrongSeller':
      return { ...content, mchid: '1900000000' };
    default:
      return content;
  }
}

function forge(headers: Record<string, string>): void {
  const signature = Buffer.from(headers['wechatpay-signature'] ?? '', 'base64');
  headers['wechatpay-signature'] = signature.reverse().toString('base64');
}

/** Guarantee: only `dialect.ts` creates payloads. */
function ownPayload({ payload }: Notification): NewsPayload {
  return payload as NewsPayload;
}
