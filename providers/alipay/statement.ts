import { TextDecoder } from 'node:util';
import { unzipSync } from 'fflate';
import type { StatementEntry, StatementResult } from '../provider.ts';
import { requireText } from './api.ts';
import type { Api } from './api.ts';
import { parseBill } from './bill.ts';
import { queryCodes } from './codes.ts';
import { bareSubCode, faultOfAnswer, isSuccess, unreadable } from './errors.ts';
import { billDueAtMs } from './time.ts';

/** Observed at the gateway as `isp.bill_not_exist`; documented in capitals. */
const notMadeCode = 'bill_not_exist';
/** What a day that is not over is answered with. */
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
    if (code === notMadeCode) {
      // They make none for a day on which nothing moved; until it is due that cannot be told apart.
      return isDue ? ready([]) : { kind: 'notReady' };
    }
    if (code === tooEarlyCode && !isDue) return { kind: 'notReady' };
    throw faultOfAnswer(answer, queryCodes);
  }
  // Only from where a signed answer points to.
  const zip = await api.download(requireText(answer, 'bill_download_url'));
  const files = detailFilesOf(zip);
  const entries = files.map((text) => parseBill(text, { date, sellerId }));
  if (files.length === 0) throw unreadable('the bill has no business details');
  return ready(
    entries.flatMap((part) => {
      if (!part) throw unreadable('the bill is not as documented');
      return part;
    }),
  );
}

/** The files of single movements (`…_业务明细.csv`), beside which there are others of sums. */
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
    throw unreadable('the bill is no archive that can be read', error);
  }
}

/** Their names are GBK as well, which the archive does not say, so that its bytes are handed out one by one. */
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
