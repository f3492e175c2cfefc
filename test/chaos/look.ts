import type { ReportSource } from './life.ts';
import { call, insist, isAnswer } from './shop.ts';
import type { Answer, OrderBody, Shop } from './shop.ts';

/** Reads an order as its merchant does. */
export async function look(shop: Shop, id: string, headers = {}): Promise<OrderBody> {
  const path = `/v1/orders/${id}`;
  const answer = await insist(`read ${id}`, () => call(shop, 'GET', path, { headers }), isAnswer);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text) as OrderBody;
}

/** Waits until the payer can act, or nobody can any more. */
export function payable(shop: Shop, told: ReportSource): Promise<OrderBody> {
  const isPayable = ({ nextAction, status }: OrderBody) =>
    nextAction !== null || status !== 'pending';
  return until(shop, told, isPayable, 'payable');
}

export const longestMs = 300_000;

/** Reads the order until it is so; what is seen on the way is noted for the checker. */
export async function until(
  shop: Shop,
  told: ReportSource,
  isSo: (order: OrderBody) => boolean,
  what: string,
): Promise<OrderBody> {
  const endsMs = Date.now() + longestMs;
  const seen: ReportSource['seen'][number] = [];
  told.seen.push(seen);
  for (let etag: string | null = null; ;) {
    const answer: Answer = await insist(
      `wait for ${told.id}: ${what}`,
      () =>
        call(shop, 'GET', `/v1/orders/${told.id}`, {
          headers: etag === null ? {} : { prefer: 'wait=20', 'if-none-match': etag },
        }),
      isAnswer,
    );
    if (answer.status === 200) {
      const order = JSON.parse(answer.text) as OrderBody;
      ({ etag } = answer);
      seen.push({ version: order.version, status: order.status });
      if (isSo(order)) return order;
    }
    if (Date.now() > endsMs) {
      throw new Error(`${told.id} (${told.life.fate}) never became ${what}: ${answer.text}`);
    }
  }
}
