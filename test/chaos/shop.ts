import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderName } from './draw.ts';

/** Where the run's Tender and its surroundings are. */
export type Shop = {
  url: string;
  key: string;
  receiverUrl: string;
  accounts: readonly ShopAccount[];
  /** Answers of 400 and more, for the search for secrets in them. */
  refusals: Answer[];
  /** Lets the time be over for what the payer of a payment was given. */
  endHandle(outTradeNo: string): Promise<void>;
};

export type ShopAccount = {
  provider: ProviderName;
  accountId: string;
  /** The simulator's own name of it. */
  account: string;
  simulatorUrl: string;
};

export type Answer = { status: number; text: string; etag: string | null };

export type OrderBody = {
  id: string;
  status: string;
  version: number;
  merchantOrderNo: string;
  nextAction: { kind: string; content?: string; url?: string } | null;
  payments: { id: string; provider: ProviderName; method: string; outTradeNo: string }[];
  refunds: { id: string; status: string }[];
  disputes: { disputeNo: string; status: string }[];
};

const retryMs = 250;
const patienceMs = 240_000;
const keptRefusals = 5_000;

/** Says something to the API as the merchant does. A broken connection is the answer 599. */
export async function call(
  shop: Pick<Shop, 'url' | 'key' | 'refusals'>,
  method: string,
  path: string,
  { body, headers }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  try {
    const response = await fetch(`${shop.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${shop.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(90_000),
    });
    const text = await response.text();
    const answer = { status: response.status, text, etag: response.headers.get('etag') };
    if (answer.status >= 400 && shop.refusals.length < keptRefusals) shop.refusals.push(answer);
    return answer;
  } catch {
    return { status: 599, text: '', etag: null };
  }
}

/** Asks until it is answered in a way that is an answer: crashes and other people's requests are none. */
export async function insist(
  what: string,
  ask: () => Promise<Answer>,
  isEnough: (answer: Answer) => boolean,
): Promise<Answer> {
  const endsMs = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (Date.now() > endsMs) {
      throw new Error(`gave up: ${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    await sleep(retryMs);
  }
}

export const isAnswer = ({ status }: Answer) => status < 500;

/** Says something to a provider's console. A refusal, 404 or 409, is an answer too. */
export async function tell(
  { simulatorUrl, account }: ShopAccount,
  path: string,
  body: Record<string, unknown> = {},
): Promise<number> {
  const response = await fetch(`${simulatorUrl}/console${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account, ...body }),
  });
  const text = await response.text();
  if (response.ok || response.status === 404 || response.status === 409) return response.status;
  throw new Error(`the console answered ${response.status} to ${path}: ${text}`);
}

export function accountOf({ accounts }: Shop, provider: ProviderName): ShopAccount {
  const account = accounts.find((account) => account.provider === provider);
  if (!account) throw new Error(`no account at ${provider}`);
  return account;
}
