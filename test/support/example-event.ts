import type { ParsedEvent } from '../../delivery/format/format.ts';

/** The event of the examples in `docs/reference/formats.md`, with a value of every kind in it. */
export const example: ParsedEvent = {
  id: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c',
  type: 'order.paid',
  timestamp: '2026-11-22T09:30:00.000Z',
  resourceId: 'ord_01jd3v9k7q2m5x8r4t6w0y1z3c',
  data: {
    id: 'ord_01jd3v9k7q2m5x8r4t6w0y1z3c',
    object: 'order',
    amountMinor: 1250,
    subject: 'Tea & cake',
    isTest: false,
    closedAt: null,
    methods: ['alipay.qr'],
    disputes: [],
    metadata: {},
  },
};
