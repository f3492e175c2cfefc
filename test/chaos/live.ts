import { perform } from './acts.ts';
import type { Life, ReportSource } from './life.ts';
import { look } from './look.ts';
import { call, insist, isAnswer } from './shop.ts';
import type { Answer, OrderBody, Shop } from './shop.ts';

/** Opens an order as planned and lives through what happens to it, whatever breaks meanwhile. */
export async function liveThrough(shop: Shop, life: Life, runName: string): Promise<ReportSource> {
  const told = await open(shop, life, runName);
  for (const act of life.acts) await perform(shop, told, act);
  await bringToAnEnd(shop, told);
  return told;
}

async function open(shop: Shop, life: Life, runName: string): Promise<ReportSource> {
  const { number, opening, repeat } = life;
  const { confirm, ...terms } = opening;
  const merchantOrderNo = `L-${number}`;
  const order = {
    ...terms,
    merchantOrderNo,
    subject: `Tea, ${life.fate}`,
    payer: { providerUserId: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', ip: '203.0.113.7' },
    ...(confirm && {
      confirm: {
        url: `${shop.receiverUrl}/confirm`,
        withinSeconds: confirm === 'silent' ? 6 : 120,
      },
      metadata: { answer: confirm },
    }),
  };
  let retries = 0;
  const headers = { 'idempotency-key': `${runName}-${number}` };
  const say = (body: object = order) =>
    insist(
      `open ${merchantOrderNo}`,
      () => call(shop, 'POST', '/v1/orders', { body, headers }),
      (answer) => {
        if (isAnswer(answer) && !isInFlight(answer)) return true;
        retries += 1;
        return false;
      },
    );
  const atOnce = repeat === 'atOnce' ? [say(), say()] : [];
  const first = await say();
  if (first.status !== 201 && first.status !== 202) {
    throw new Error(`${merchantOrderNo}: ${first.status} ${first.text}`);
  }
  const again = await Promise.all(atOnce);
  if (repeat === 'later') again.push(await say());
  if (repeat === 'otherBody') {
    again.push(await say({ ...order, amountMinor: order.amountMinor + 1 }));
  }
  const { id } = JSON.parse(first.text) as OrderBody;
  return {
    life,
    id,
    merchantOrderNo,
    retries,
    status: first.status,
    text: first.text,
    repeats: again.map(({ status, text }) => ({
      how: repeat,
      status,
      isSameBytes: text === first.text,
    })),
    refunds: [],
    refusedRefunds: 0,
    seen: [],
    forgeries: [],
  };
}

const isInFlight = ({ status, text }: Answer) =>
  status === 409 && text.includes('idempotency-key-in-flight');

/** What is still open by chance is ended as a merchant would: nobody leaves an order lying. */
async function bringToAnEnd(shop: Shop, told: ReportSource): Promise<void> {
  if (told.life.fate !== 'anything') return;
  for (const verb of ['accept', 'refund', 'close'] as const) {
    const { status } = await look(shop, told.id);
    if (status !== 'review') break;
    await perform(shop, told, { do: 'resolve', verb });
  }
}
