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
        // They make none for a day on which nothing moved; until it is due that cannot be told apart.
        return Date.now() < billDueAtMs(date) ? { kind: 'notReady' } : ready([]);
      default:
        throw faultOfError(answer.error, queryCodes);
    }
  }
  const bill = read(billSchema, answer.body);
  const { pathname, search } = new URL(bill.download_url);
  // At our own API address: what a bill says must not make us send a signed request elsewhere.
  const bytes = await api.download(pathname + search);
  const hash = createHash('sha1').update(bytes).digest('hex');
  if (hash !== bill.hash_value.toLowerCase())
    throw unreadable('the bill is not what was announced');
  const entries = parseBill(bytes.toString(), { mchId });
  if (!entries) throw unreadable('the bill is not as documented');
  return ready(entries);
}

function ready(entries: readonly StatementEntry[]): StatementResult {
  return { kind: 'ready', entries: iterate(entries) };
}

async function* iterate(entries: readonly StatementEntry[]): AsyncGenerator<StatementEntry> {
  yield* entries;
}
