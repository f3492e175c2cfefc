import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { StatementEntry, StatementResult } from '../provider.ts';
import { read } from './api.ts';
import type { Api } from './api.ts';
import { parseBill } from './bill.ts';
import { queryCodes } from './codes.ts';
import { bareCode, faultOfError, unreadable } from './errors.ts';
import { billDueAtMs } from './time.ts';

const billSchema = z.object({
  hash_type: z.literal('SHA1'),
  hash_value: z.string(),
  download_url: z.url(),
});

/** The trade bill of a day in UTC+8. https://pay.weixin.qq.com/docs/merchant/apis/native-payment/get-trade-bill.html */
export async function fetchStatement(
  api: Api,
  { date, mchId }: { date: string; mchId: string },
): Promise<StatementResult> {
  const answer = await api.get(
    `/v3/bill/tradebill?bill_date=${encodeURIComponent(date)}&bill_type=ALL`,
  );
  if (answer.kind === 'error') {
    switch (bareCode(answer.error)) {
      case 'STATEMENTCREATING':
        return { kind: 'notReady' };
      case 'NOSTATEMENTEXIST':
        // WeChat makes no bill for a day without movements; until the bill is due, the two cases look the same.
        return Date.now() < billDueAtMs(date) ? { kind: 'notReady' } : ready([]);
      default:
        throw faultOfError(answer.error, queryCodes);
    }
  }
  const bill = read(billSchema, answer.body);
  const { pathname, search } = new URL(bill.download_url);
  // Only the path is used, so that a bill's answer cannot direct a signed request to another host.
  const bytes = await api.download(pathname + search);
  const hash = createHash('sha1').update(bytes).digest('hex');
  if (hash !== bill.hash_value.toLowerCase())
    throw unreadable('the bill does not match its announced hash');
  const entries = parseBill(bytes.toString(), { mchId });
  if (!entries) throw unreadable('the bill does not have the documented format');
  return ready(entries);
}

function ready(entries: readonly StatementEntry[]): StatementResult {
  return { kind: 'ready', entries: iterate(entries) };
}

async function* iterate(entries: readonly StatementEntry[]): AsyncGenerator<StatementEntry> {
  yield* entries;
}
