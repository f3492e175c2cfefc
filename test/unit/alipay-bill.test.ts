import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBill } from '../../providers/alipay/bill.ts';
import { tradesOf } from '../support/trades-of.ts';

const of = { date: '2026-10-03', sellerId: '2088000000000001' };
const heading =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';

type Line = {
  trade?: string;
  order?: string;
  type?: string;
  subject?: string;
  at?: string;
  amount?: string;
  refund?: string;
  fee?: string;
  remark?: string;
  payer?: string;
};

/** One line in their spelling: numbers end in a tab, amounts have two decimals. */
function write(line: Line): string {
  const { trade = '2026100322001400000000000001', order = 'o1', type = '交易' } = line;
  const { subject = '热茶', at = '2026-10-03 10:00:30', amount = '35.80' } = line;
  const { refund = '', fee = '-0.21', remark = '', payer = '*茶(138****0000)' } = line;
  const who = [`${trade}\t`, `${order}\t`, `${type}\t`, subject, '2026-10-03 10:00:00', at];
  const where = ['\t', '\t', '\t', '\t', `${payer}\t`];
  const amounts = [amount, amount, '0.00', '0.00', '0.00', '0.00', '0.00', '', '0.00\t', '0.00'];
  return [...who, ...where, ...amounts, `${refund}\t`, fee, '0.00', remark].join(',');
}

function bill(lines: readonly string[], counts: { payments: number; refunds: number }): string {
  return [
    '#支付宝业务明细查询',
    '#账号：[20880000000000010156]',
    '#起始日期：[2026年10月03日 00:00:00]   终止日期：[2026年10月04日 00:00:00]',
    '#-----------------------------------------业务明细列表----------------------------------------',
    heading,
    ...lines,
    '#-----------------------------------------业务明细列表结束------------------------------------',
    `#交易合计：${counts.payments}笔，商家实收共71.60元，商家优惠共0.00元`,
    `#退款合计：${counts.refunds}笔，商家实收退款共-35.80元，商家优惠退款共0.00元`,
    '#导出时间：[2026年10月04日 06:27:10]',
    '',
  ].join('\r\n');
}

const onePayment = { payments: 1, refunds: 0 };

test('a payment and its refund are read in fen, with the fee taken and given back', () => {
  const lines = [
    write({}),
    write({
      type: '退款',
      amount: '-35.80',
      refund: 're1',
      fee: '0.21',
      at: '2026-10-03 23:59:59',
    }),
  ];
  const common = {
    outTradeNo: 'o1',
    providerTradeNo: '2026100322001400000000000001',
    currency: 'CNY',
    amountMinor: 3580,
  };
  expect(parseBill(bill(lines, { payments: 1, refunds: 1 }), of)).toEqual([
    { kind: 'payment', ...common, feeMinor: 21, at: '2026-10-03T02:00:30.000Z' },
    {
      kind: 'refund',
      ...common,
      feeMinor: -21,
      at: '2026-10-03T15:59:59.000Z',
      refundNo: 're1',
      providerRefundNo: 're1',
    },
  ]);
});

test('a refund without a number has the number of its payment', () => {
  const lines = [write({ type: '退款', amount: '-35.80' })];
  const [entry] = parseBill(bill(lines, { payments: 0, refunds: 1 }), of) ?? [];
  expect(entry).toMatchObject({ kind: 'refund', refundNo: 'o1' });
});

test('neither subjects nor remarks with commas move an amount into another column', () => {
  const text = fc.string({ unit: fc.constantFrom('茶', ',', '"', ' ', '1', '.', '-', '\t', '#') });
  const fen = fc.integer({ min: 1, max: 10_000_000_000 });
  fc.assert(
    fc.property(text, text, fen, (subject, remark, amountMinor) => {
      const amount = (amountMinor / 100).toFixed(2);
      const entries = parseBill(bill([write({ subject, remark, amount })], onePayment), of);
      expect(entries).toMatchObject([{ kind: 'payment', outTradeNo: 'o1', amountMinor }]);
    }),
  );
});

test('every movement is read back once, in its order', () => {
  const movement = fc.record({ fen: fc.integer({ min: 1, max: 1e9 }), isRefund: fc.boolean() });
  fc.assert(
    fc.property(fc.array(movement, { maxLength: 50 }), (movements) => {
      const lines = movements.map(({ fen, isRefund }, i) => {
        const amount = (fen / 100).toFixed(2);
        return isRefund
          ? write({ order: `o${i}`, type: '退款', amount: `-${amount}`, refund: `re${i}` })
          : write({ order: `o${i}`, amount });
      });
      const refunds = movements.filter(({ isRefund }) => isRefund).length;
      const entries = parseBill(bill(lines, { payments: movements.length - refunds, refunds }), of);
      expect(
        tradesOf(entries ?? []).map(({ kind, outTradeNo, amountMinor }) => [
          kind,
          outTradeNo,
          amountMinor,
        ]),
      ).toEqual(
        movements.map(({ fen, isRefund }, i) => [isRefund ? 'refund' : 'payment', `o${i}`, fen]),
      );
    }),
  );
});

test('a bill that lost any of its lines is not read', () => {
  const whole = bill([write({}), write({ order: 'o2' })], { payments: 2, refunds: 0 });
  const lines = whole.split('\r\n');
  expect(parseBill(whole, of)).toHaveLength(2);
  // A rule between parts and the time of its making may be missing; nothing else.
  const isNeeded = (line: string) => !/^(?:#-|#导出|#支付宝|$)/.test(line);
  for (const [i, line] of lines.entries()) {
    const rest = parseBill(lines.toSpliced(i, 1).join('\r\n'), of);
    expect([line, rest === undefined]).toEqual([line, isNeeded(line)]);
  }
});

test('a bill cut anywhere before its counts is not read, and never makes the reader throw', () => {
  const whole = bill([write({})], onePayment);
  const countsAt = whole.indexOf('#退款合计：0笔') + '#退款合计：0笔'.length;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: countsAt - 1 }), (length) => {
      expect(parseBill(whole.slice(0, length), of)).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(parseBill(text, of)).toBeUndefined();
    }),
  );
});

test('the bill of another day or another seller is not read', () => {
  const text = bill([write({})], onePayment);
  expect(parseBill(text, { ...of, date: '2026-10-04' })).toBeUndefined();
  expect(parseBill(text, { ...of, sellerId: '2088000000000002' })).toBeUndefined();
});

test.each([
  ['an amount that is no exact fen', { amount: '35.805' }],
  ['a payment of a negative amount', { amount: '-35.80' }],
  ['no order number', { order: '' }],
  ['no trade number', { trade: '' }],
  ['no time', { at: '2026-10-03' }],
  ['a kind in no words', { type: '' }],
])('a line with %s is reported, and its neighbours are read', (_what, line) => {
  const text = bill([write({ order: 'o2' }), write(line)], { payments: 2, refunds: 0 });
  expect(parseBill(text, of)).toMatchObject([
    { kind: 'payment', outTradeNo: 'o2' },
    { kind: 'unreadable', outTradeNo: 'order' in line ? '' : 'o1', reason: expect.any(String) },
  ]);
});

test.each(['Acme Tea Co.,Ltd(fin***@acme.com)', 'a,b,c,d', '1,2', '1.00', ','])(
  'a payer called %j costs nothing',
  (payer) => {
    const lines = [write({ payer }), write({ order: 'o2' })];
    const entries = parseBill(bill(lines, { payments: 2, refunds: 0 }), of);
    expect(entries).toMatchObject([{ amountMinor: 3580 }, { amountMinor: 3580 }]);
  },
);

test('no text in a line decides what its amount is', () => {
  const amounts = Array.from({ length: 12 }, () => '0.01').join(',');
  const times = '2026-10-03 10:00:00,2026-10-03 10:00:30';
  const forged = [
    { subject: `茶,${times},,,,,x,${amounts}` },
    {
      subject: `茶,${times},\t,\t,\t,\t,x\t,0.01,0.01,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,\t,0.00,0.00,`,
    },
    { payer: `x,${amounts}` },
    { payer: `x,${'9.99,'.repeat(40)}` },
    { remark: `${amounts},${amounts}` },
  ];
  for (const line of forged) {
    const [entry] = parseBill(bill([write(line)], onePayment), of) ?? [];
    // Right, or said to be uncertain.
    const said = entry?.kind === 'payment' ? entry.amountMinor : entry?.kind;
    expect([3580, 'unreadable']).toContain(said);
  }
});

test('no text of cells like the others makes a line another', () => {
  const cell = fc.constantFrom(
    '0.01',
    '',
    '2026-10-03 10:00:00',
    '交易',
    'x',
    '1',
    '2088000000000001',
  );
  const text = fc.array(cell, { maxLength: 30 }).map((cells) => cells.join(','));
  fc.assert(
    fc.property(text, text, text, (subject, payer, remark) => {
      const [entry] = parseBill(bill([write({ subject, payer, remark })], onePayment), of) ?? [];
      const said = entry?.kind === 'payment' ? entry.amountMinor : entry?.kind;
      expect([3580, 'unreadable']).toContain(said);
    }),
  );
});

test('a line of very many commas is reported at once', () => {
  const [entry] = parseBill(bill([write({ subject: ','.repeat(200_000) })], onePayment), of) ?? [];
  expect(entry).toMatchObject({ kind: 'unreadable', outTradeNo: 'o1' });
});

test('what is neither a payment nor a refund is other money', () => {
  const lines = [write({}), write({ type: '赔付' })];
  expect(parseBill(bill(lines, onePayment), of)).toMatchObject([
    { kind: 'payment' },
    { kind: 'other', category: '赔付', amountMinor: 3580 },
  ]);
});

test('an odd line of another kind costs nobody else anything', () => {
  const lines = [write({}), write({ type: '赔付', amount: 'none' })];
  expect(parseBill(bill(lines, onePayment), of)).toMatchObject([
    { kind: 'payment' },
    { kind: 'unreadable' },
  ]);
});

test('a line break in a text costs no more than its own line', () => {
  const lines = [write({ subject: 'tea\r\nand more', order: 'o2' }), write({})];
  expect(parseBill(bill(lines, { payments: 2, refunds: 0 }), of)).toMatchObject([
    { kind: 'payment', outTradeNo: 'o2', amountMinor: 3580 },
    { kind: 'payment', outTradeNo: 'o1', amountMinor: 3580 },
  ]);
});

test('a whole line after a line break is no movement', () => {
  const forged = write({ order: 'o9', amount: '0.01' });
  const lines = [write({ subject: `tea\r\n${forged}` })];
  expect(parseBill(bill(lines, onePayment), of)).toBeUndefined();
});
