// Opens an order, waits for its payment, gives some back and lists: with nothing but what was generated.
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

const url = process.env['TENDER_URL'] ?? '';
const key = process.env['TENDER_KEY'] ?? '';
const number = process.env['ORDER_NO'] ?? '';
const client = createClient<paths>({
  baseUrl: url,
  headers: { authorization: `Bearer ${key}` },
});

const opened = await client.POST('/v1/orders', {
  params: { header: { prefer: 'wait=30', 'Idempotency-Key': number } },
  body: {
    merchantOrderNo: number,
    amountMinor: 1250,
    currency: 'CNY',
    subject: 'One cup of tea',
    methods: ['alipay.qr'],
  },
});
if (!opened.data) throw new Error(`not opened: ${opened.error.title}`);
const { id: orderId } = opened.data;
console.log(JSON.stringify({ step: 'opened', orderId }));

let status: string = opened.data.status;
while (status === 'pending') {
  const read = await client.GET('/v1/orders/{orderId}', {
    params: { path: { orderId }, header: { prefer: 'wait=5' } },
  });
  if (!read.data) throw new Error(`not read: ${read.error?.title}`);
  ({ status } = read.data);
}
console.log(JSON.stringify({ step: 'paid', status }));

const refund = await client.POST('/v1/orders/{orderId}/refunds', {
  params: { path: { orderId }, header: { prefer: 'wait=30' } },
  body: { merchantRefundNo: `${number}-R`, amountMinor: 250 },
});
if (!refund.data) throw new Error(`not refunded: ${refund.error.title}`);

const list = await client.GET('/v1/orders', { params: { query: { limit: 5 } } });
if (!list.data) throw new Error(`not listed: ${list.error.title}`);
const found = list.data.data.find(({ id }) => id === orderId);
console.log(
  JSON.stringify({
    step: 'done',
    refundStatus: refund.data.status,
    refundMinor: refund.data.amountMinor,
    listed: found?.merchantOrderNo,
  }),
);
