import { randomBytes } from 'node:crypto';
import type { Book } from '../kit/book.ts';
import { tradeMovementsOf } from '../kit/movements.ts';
import type { App } from './account.ts';
import { businessFailure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { writeDetails, writeSummary } from './bill-files.ts';
import { parseWallTime } from './clock.ts';
import { encodeGbk } from './gbk.ts';
import type { BizContent } from './trades.ts';
import { writeZip } from './zip.ts';

const dayMs = 86_400_000;
const readyFromMs = dayMs + 9 * 3_600_000;
/** A download URL is valid for 30 s. */
const addressLifetimeMs = 30_000;

export type BillService = {
  createDownload(app: App, terms: BizContent): Answer;
  /** The file of a download URL. */
  download(token: string): Buffer | undefined;
};

export type BillOptions = { book: Book; url: () => string; hasSameDayStatements: boolean };

/** https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query */
export function createBillService({ book, url, hasSameDayStatements }: BillOptions): BillService {
  const downloads = new Map<string, { zip: Buffer; untilMs: number }>();

  function removeExpired(): void {
    for (const [token, { untilMs }] of downloads) {
      if (Date.now() >= untilMs) downloads.delete(token);
    }
  }

  return {
    createDownload(app, { bill_type: type, bill_date: date }) {
      const fromMs = parseWallTime(`${String(date)} 00:00:00`);
      const sinceMs = Date.now() - (fromMs ?? Number.NaN);
      const isOver = sinceMs >= (hasSameDayStatements ? 0 : dayMs);
      if (fromMs === undefined || type !== 'trade' || !isOver) {
        return businessFailure('isv.invalid_arguments', '入参不合法');
      }
      const isReady = hasSameDayStatements || sinceMs >= readyFromMs;
      const movements = tradeMovementsOf(book, {
        account: app.appId,
        fromMs,
        untilMs: fromMs + dayMs,
      });
      // A day without movements has no bill.
      if (!isReady || movements.length === 0) {
        return businessFailure('isp.bill_not_exist', '账单不存在');
      }
      const name = `${app.sellerId}0156_${String(date).replaceAll('-', '')}`;
      const day = { sellerId: app.sellerId, fromMs, untilMs: fromMs + dayMs };
      const zip = writeZip([
        file(`${name}_业务明细.csv`, writeDetails(movements, day)),
        file(`${name}_业务明细(汇总).csv`, writeSummary(movements, day)),
      ]);
      removeExpired();
      const token = randomBytes(24).toString('base64url');
      downloads.set(token, { zip, untilMs: Date.now() + addressLifetimeMs });
      return success({ bill_download_url: `${url()}/bills/${token}` });
    },
    download(token) {
      removeExpired();
      return downloads.get(token)?.zip;
    },
  };
}

function file(name: string, text: string) {
  return { name: encodeGbk(name), bytes: encodeGbk(text) };
}
