import type { KeyObject } from 'node:crypto';
import type { Notification } from '../kit/book.ts';
import type { Change, Rendered } from '../kit/notifier.ts';
import { wallTime } from './clock.ts';
import { signRsa2, signedText } from './signing.ts';

const minuteMs = 60_000;
const replayedAgoMs = 15 * minuteMs;

/** Eight deliveries within 25 hours. https://opendocs.alipay.com/open/194/103296 */
export const documentedRetryGapsMs: readonly number[] = [4, 10, 10, 60, 120, 360, 900].map(
  (minutes) => minutes * minuteMs,
);

/** Renders a form, signed over its decoded values, with the same id at every attempt. */
export async function renderNotification(
  { id, payload }: Notification,
  change: Change,
  platformKey: KeyObject,
): Promise<Rendered> {
  const agoMs = change?.fault === 'replayed' ? replayedAgoMs : 0;
  const fields: Record<string, string> = {
    notify_id: id,
    notify_time: wallTime(Date.now() - agoMs),
    ...ownFields(payload),
    ...changeOf(change),
  };
  const text = signedText(Object.entries(fields), { withSignType: false });
  const signature = await signRsa2(text, platformKey);
  const sign = change?.fault === 'forged' ? forge(signature) : signature;
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ ...fields, sign }).toString(),
  };
}

function changeOf(change: Change): Record<string, string> {
  switch (change?.fault) {
    case 'wrongAmount':
      return { total_amount: '0.01', receipt_amount: '0.01' };
    case 'wrongApp':
      return { app_id: '2021000000000000', auth_app_id: '2021000000000000' };
    case 'wrongSeller':
      return { seller_id: '2088000000000000' };
    default:
      return {};
  }
}

function forge(signature: string): string {
  return Buffer.from(signature, 'base64').reverse().toString('base64');
}

/** Guarantee: only `dialect.ts` creates payloads. */
function ownFields(payload: unknown): Record<string, string> {
  return payload as Record<string, string>;
}
