import { TextDecoder } from 'node:util';
import { unzipSync } from 'fflate';
import type { StatementEntry, StatementResult } from '../provider.ts';
import { requireText } from './api.ts';
import type { Api } from './api.ts';
import { parseBill } from './bill.ts';
import { queryCodes } from './codes.ts';
import { bareSubCode, faultOfAnswer, isSuccess, unreadable } from './errors.ts';
import { billDueAtMs } from './time.ts';

/** The gateway answers `isp.bill_not_exist`; the documentation has it in capitals. */
const notPublishedCode = 'bill_not_exist';
/** The answer for a day that is not over. */
const tooEarlyCode = 'invalid_arguments';

const maxBillBytes = 256 * 1024 * 1024;

/** The trade bill of a day in UTC+8. https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query */
export async function fetchStatement(
  api: Api,
  { date, sellerId }: { date: string; sellerId: string },
): Promise<StatementResult> {
  const answer = await api.call('alipay.data.dataservice.bill.downloadurl.query', {
    bill_type: 'trade',
    bill_date: date,
  });
  if (!isSuccess(answer)) {
    const code = bareSubCode(answer).toLowerCase();
    const isDue = Date.now() >= billDueAtMs(date);
    if (code === notPublishedCode) {
      // Alipay makes no bill for a day without movements; until the bill is due, the two cases look the same.
      return isDue ? ready([]) : { kind: 'notReady' };
    }
    if (code === tooEarlyCode && !isDue) return { kind: 'notReady' };
    throw faultOfAnswer(answer, queryCodes);
  }
  // Downloads only from the URL in a signed answer.
  const zip = await api.download(requireText(answer, 'bill_download_url'));
  const files = detailFilesOf(zip);
  const entries = files.map((text) => parseBill(text, { date, sellerId }));
  if (files.length === 0) throw unreadable('the bill has no business details');
  return ready(
    entries.flatMap((part) => {
      if (!part) throw unreadable('the bill does not have the documented format');
      return part;
    }),
  );
}

/** The detail files (`…_业务明细.csv`), without the summaries. */
function detailFilesOf(zip: Buffer): string[] {
  const gbk = new TextDecoder('gbk');
  let budgetBytes = maxBillBytes;
  try {
    const files = unzipSync(zip, {
      filter({ name, originalSize }) {
        budgetBytes -= originalSize;
        if (budgetBytes < 0) throw new Error('the bill is too large');
        return nameOf(name, gbk).endsWith('业务明细.csv');
      },
    });
    return Object.values(files).map((bytes) => gbk.decode(bytes));
  } catch (error) {
    throw unreadable('the bill is not a readable archive', error);
  }
}

/** File names are GBK, which the archive does not declare, so each byte arrives as one character. */
function nameOf(name: string, gbk: TextDecoder): string {
  const isBytes = Array.from(name).every((character) => character <= '\u00ff');
  return isBytes ? gbk.decode(Buffer.from(name, 'latin1')) : name;
}

function ready(entries: readonly StatementEntry[]): StatementResult {
  return { kind: 'ready', entries: iterate(entries) };
}

async function* iterate(entries: readonly StatementEntry[]): AsyncGenerator<StatementEntry> {
  yield* entries;
}
