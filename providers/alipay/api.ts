import { request } from 'undici';
import { downloadTimeoutMs } from '../connecting.ts';
import { faultOfThrown, unreadable } from './errors.ts';
import type { AlipayAnswer } from './errors.ts';
import type { StrictAlipaySdk } from './sdk.ts';
import { toAlipayTime } from './time.ts';
import { OneShotAgent } from './transport.ts';

/** The transport of an account's calls. */
export type Api = {
  /** Calls a method of the v2 gateway; the returned answer is signed by Alipay. */
  call(method: string, bizContent: BizContent, common?: { notifyUrl: string }): Promise<Answer>;
  /** Builds a signed URL for the payer's browser, without a call. */
  pageUrl(
    method: string,
    bizContent: BizContent,
    common: { notifyUrl: string; returnUrl: string },
  ): string;
  /** Downloads the file that a signed answer points to. */
  download(url: string): Promise<Buffer>;
};

/** Strings only: the SDK signs `undefined` as a word, or throws on it. */
export type BizContent = Record<string, string | string[]>;

/** Fields beyond the common four differ by method; any may be missing. */
export type Answer = AlipayAnswer & { [field: string]: unknown };

const maxDownloadBytes = 64 * 1024 * 1024;

export function createApi(sdk: StrictAlipaySdk): Api {
  const files = new OneShotAgent({
    timeoutMs: downloadTimeoutMs,
    maxResponseBytes: maxDownloadBytes,
  });
  // Set here, because the SDK would use the process's time zone.
  const now = () => ({ timestamp: toAlipayTime(Date.now()) });
  return {
    async call(method, bizContent, common) {
      try {
        return await sdk.exec(method, { ...now(), ...common, bizContent }, { validateSign: true });
      } catch (error) {
        throw faultOfThrown(error);
      }
    },
    pageUrl: (method, bizContent, common) =>
      sdk.pageExecute(method, 'GET', { ...now(), ...common, bizContent }),
    async download(url) {
      try {
        return await readFile(url, files);
      } catch (error) {
        throw faultOfThrown(error);
      }
    },
  };
}

async function readFile(url: string, dispatcher: OneShotAgent): Promise<Buffer> {
  const { statusCode, body } = await request(url, { dispatcher });
  const bytes = await body.arrayBuffer();
  if (statusCode !== 200) throw new Error(`the download was answered with HTTP ${statusCode}`);
  return Buffer.from(bytes);
}

/** Throws unless the answer is about the requested object: a signed answer may be a replayed old one. */
export function assertAbout(answer: Answer, expected: Record<string, string>): void {
  for (const [field, value] of Object.entries(expected)) {
    if (answer[field] !== value) throw unreadable(`the answer is about another ${field}`);
  }
}

export function requireText(answer: Answer, field: string): string {
  const text = textOf(answer, field);
  if (!text) throw unreadable(`the answer has no ${field}`);
  return text;
}

export function textOf(answer: Answer, field: string): string | undefined {
  const value = answer[field];
  return typeof value === 'string' ? value : undefined;
}
