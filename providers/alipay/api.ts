import { request } from 'undici';
import { downloadTimeoutMs } from '../connecting.ts';
import { faultOfThrown, unreadable } from './errors.ts';
import type { AlipayAnswer } from './errors.ts';
import type { StrictAlipaySdk } from './sdk.ts';
import { toAlipayTime } from './time.ts';
import { OneShotAgent } from './transport.ts';

/** What an account's calls go through. */
export type Api = {
  /** A method of the v2 gateway; an answer it returns is signed by Alipay. */
  call(method: string, bizContent: BizContent, common?: { notifyUrl: string }): Promise<Answer>;
  /** A signed address for the payer's browser; nothing is called. */
  pageUrl(
    method: string,
    bizContent: BizContent,
    common: { notifyUrl: string; returnUrl: string },
  ): string;
  /** A file a signed answer pointed to. */
  download(url: string): Promise<Buffer>;
};

/** Texts only: the SDK signs an `undefined` as a word of its own, or throws on it. */
export type BizContent = Record<string, string | string[]>;

/** Fields beyond the common four differ by method, and none of them is sure to be there. */
export type Answer = AlipayAnswer & { [field: string]: unknown };

const maxDownloadBytes = 64 * 1024 * 1024;

export function createApi(sdk: StrictAlipaySdk): Api {
  const files = new OneShotAgent({
    timeoutMs: downloadTimeoutMs,
    maxResponseBytes: maxDownloadBytes,
  });
  // Said by us: the SDK would take it from the zone the process happens to run in.
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
  if (statusCode !== 200) throw new Error(`the file's address answered ${statusCode}`);
  return Buffer.from(bytes);
}

/** A signed answer can be an old one, replayed: it must be about what was asked for. */
export function assertAbout(answer: Answer, asked: Record<string, string>): void {
  for (const [field, value] of Object.entries(asked)) {
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
