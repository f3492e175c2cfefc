import type { Book } from '../kit/book.ts';
import { findApp } from './account.ts';
import type { App } from './account.ts';
import { invalidArgument, missingArgument } from './answers.ts';
import type { Answer } from './answers.ts';
import { parseWallTime } from './clock.ts';
import { isSignedRsa2, signedText } from './signing.ts';

export type Params = ReadonlyMap<string, string>;

/** Ten minutes: enough for any clock, and short enough to detect a client in the wrong time zone. */
const clockToleranceMs = 600_000;

/** The application that signed these common parameters, if they are at most `maxAgeMs` old. */
export function authenticate(
  params: Params,
  book: Book,
  { maxAgeMs = clockToleranceMs }: { maxAgeMs?: number } = {},
): { app: App } | { rejection: Answer } {
  for (const [name, subCode] of requiredParams) {
    if (!params.get(name)) return reject(missingArgument(subCode, name));
  }
  const app = findApp(book, params.get('app_id') ?? '');
  if (!app) return reject(invalidArgument('isv.invalid-app-id', '无效的AppID参数'));
  if (params.get('sign_type') !== 'RSA2') {
    return reject(invalidArgument('isv.invalid-signature-type', '无效的签名类型'));
  }
  if (params.get('charset')?.toLowerCase() !== 'utf-8') {
    return reject(invalidArgument('isv.invalid-charset', '字符集错误'));
  }
  const sentAtMs = parseWallTime(params.get('timestamp') ?? '') ?? Number.NaN;
  const ageMs = Date.now() - sentAtMs;
  if (!(ageMs >= -clockToleranceMs && ageMs <= maxAgeMs)) {
    return reject(invalidArgument('isv.invalid-timestamp', '非法的时间戳参数'));
  }
  const text = signedText(params, { withSignType: true });
  if (isSignedRsa2(text, app.publicKey, params.get('sign') ?? '')) return { app };
  const message = `验签出错，网关生成的验签字符串为：${text}`;
  return reject(invalidArgument('isv.invalid-signature', message));
}

const requiredParams = [
  ['method', 'isv.missing-method'],
  ['app_id', 'isv.missing-app-id'],
  ['sign', 'isv.missing-signature'],
  ['sign_type', 'isv.missing-signature-type'],
  ['timestamp', 'isv.missing-timestamp'],
  ['version', 'isv.missing-version'],
] as const;

function reject(rejection: Answer): { rejection: Answer } {
  return { rejection };
}
