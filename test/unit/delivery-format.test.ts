import { HTTP } from 'cloudevents';
import { XMLValidator } from 'fast-xml-parser';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deliveryFormats } from '../../domain/delivery.ts';
import type { IncomingEvent, ParsedEvent } from '../../delivery/format/format.ts';
import { decode, formats } from '../../delivery/format/index.ts';

const event: ParsedEvent = {
  id: 'evt_01jd3v9k7q2m5x8r4t6w0y1z3c',
  type: 'order.paid',
  timestamp: '2026-11-22T09:30:00.000Z',
  resourceId: 'ord_1',
  data: { amountMinor: 1250 },
};

/** What a receiver gets, as Node would give it. */
function sent(format: (typeof deliveryFormats)[number], of: ParsedEvent) {
  const { contentType, headers, body } = formats[format].encode(of);
  return { contentType, headers, body: Buffer.from(body) };
}

function decoded(message: Parameters<typeof decode>[0]): IncomingEvent[] {
  const answer = decode(message);
  if (answer.kind === 'refused') throw new Error(`${answer.at} ${answer.reason}`);
  return answer.events;
}

const isCloudEvent = (format: string) => format.startsWith('cloudevents');

describe.each(deliveryFormats)('an event as %s', (format) => {
  test('is the same event again, whatever JSON its data is', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('\0', '\r', '\ud800', '\udc00', '\ufffe', ' ', '<', ']]>'),
      }),
      fc.constantFrom('', ' ', '&amp;', '<!DOCTYPE x>', '%', '[a]', '~types', 'true', '1'),
    );
    const { data } = fc.letrec((tie) => ({
      data: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        anyText,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.constantFrom(null, true, false),
        fc.array(tie('data'), { maxLength: 4 }),
        fc.dictionary(
          // No name is `__proto__`: no text of ours, nor of anybody's that is taken.
          fc.oneof(
            anyText.filter((text) => text !== '__proto__'),
            fc.constantFrom('0', '1', 'a', 'xml', 'constructor', 'valueOf'),
          ),
          tie('data'),
          {
            maxKeys: 4,
          },
        ),
      ),
    }));
    fc.assert(
      fc.property(data, (value) => {
        // As it is stored: without what JSON has no words for, such as -0.
        const stored: unknown = JSON.parse(JSON.stringify(value));
        const [back, ...more] = decoded(sent(format, { ...event, data: stored }));
        expect(more).toEqual([]);
        expect(JSON.stringify(back?.data)).toBe(JSON.stringify(stored));
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps its id, type, time and, as a CloudEvent, what it is about', () => {
    const [back] = decoded(sent(format, event));
    expect(back).toEqual({
      id: event.id,
      type: event.type,
      occurredAt: event.timestamp,
      data: event.data,
      ...(isCloudEvent(format) && { resourceId: event.resourceId }),
    });
  });

  test('is about whatever a publisher calls it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (resourceId) => {
        const message = sent(format, { ...event, resourceId });
        // Printable ASCII only, or no client would send it.
        for (const value of Object.values(message.headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
        const wanted = isCloudEvent(format) && resourceId !== '' ? resourceId : undefined;
        expect(decoded(message)[0]?.resourceId).toBe(wanted);
      }),
    );
  });

  test('is the same however deep its data is', () => {
    for (const depth of [15, 16, 17, 500]) {
      const data: unknown = JSON.parse(`${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`);
      expect(decoded(sent(format, { ...event, data }))[0]?.data).toEqual(data);
    }
  });

  test('is never read as something else, one byte of it cut off or changed', () => {
    const message = sent(format, { ...event, data: { a: 'x', b: [1, null], c: {} } });
    for (let cut = 0; cut < message.body.length; cut++) {
      const answer = decode({ ...message, body: message.body.subarray(0, cut) });
      expect(['decoded', 'refused']).toContain(answer.kind);
    }
    fc.assert(
      fc.property(fc.nat({ max: message.body.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const body = Buffer.from(message.body);
        body[at] = byte;
        expect(() => decode({ ...message, body })).not.toThrow();
      }),
    );
  });
});

test('the CloudEvents of their own library say the same', () => {
  for (const format of ['cloudevents', 'cloudevents-binary'] as const) {
    const { contentType, headers, body } = formats[format].encode(event);
    const theirs = HTTP.toEvent({ headers: { ...headers, 'content-type': contentType }, body });
    expect(theirs).toMatchObject({
      specversion: '1.0',
      id: event.id,
      source: '/tender',
      type: 'order.paid',
      subject: 'ord_1',
      time: event.timestamp,
      data: event.data,
    });
  }
});

test('XML is well-formed, whatever is in it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      expect(XMLValidator.validate(formats.xml.encode({ ...event, data }).body)).toBe(true);
    }),
  );
});

const read = (contentType: string, body: string | Buffer, headers = {}) =>
  decode({ contentType, headers, body: Buffer.from(body) });

describe('what a publisher sends', () => {
  const wanted = {
    id: 'a-1',
    type: 'cart.left',
    occurredAt: '2026-11-22T10:00:00+08:00',
    resourceId: 'cart_7',
    channels: ['shop', 'mail'],
    data: { items: 2, note: 'R&D' },
  };
  const structured = {
    specversion: '1.0',
    id: 'a-1',
    source: '/tender',
    type: 'cart.left',
    subject: 'cart_7',
    time: '2026-11-22T10:00:00+08:00',
    channels: 'shop,mail',
    data: wanted.data,
  };

  test.each<[string, string, string, Record<string, string>]>([
    ['JSON', 'application/json', JSON.stringify(wanted), {}],
    ['JSON with a charset', 'Application/JSON; charset="UTF-8"', JSON.stringify(wanted), {}],
    [
      ...(['XML', 'text/xml'] as const),
      `\ufeff<?xml version='1.0'?><!-- a cart -->
       <event><id>a-1</id><type>cart.left</type><occurredAt>2026-11-22T10:00:00+08:00</occurredAt>
         <resourceId>cart_7</resourceId>
         <channels type="array"><c>shop</c><c>mail</c></channels>
         <data><items type='number'>2</items><note><![CDATA[R&]]>&#68;</note></data>
       </event>`,
      {},
    ],
    [
      ...(['a form', 'application/x-www-form-urlencoded'] as const),
      'id=a-1&type=cart.left&occurredAt=2026-11-22T10:00:00%2B08:00&resourceId=cart_7' +
        '&channels[1]=mail&channels[0]=shop&data[items]=2&data[note]=R%26D&~types[data][items]=number',
      {},
    ],
    ['a CloudEvent', 'application/cloudevents+json', JSON.stringify(structured), {}],
    [
      ...(['a binary CloudEvent', 'application/json', JSON.stringify(wanted.data)] as const),
      {
        'ce-specversion': '1.0',
        'ce-id': 'a-1',
        'ce-source': '/tender',
        'ce-type': 'cart.left',
        'ce-subject': 'cart%5f7',
        'ce-channels': 'shop,mail',
        'ce-time': '2026-11-22T10:00:00+08:00',
        'user-agent': 'x',
      },
    ],
  ])('is read from %s', (_, contentType, body, headers) => {
    expect(read(contentType, body, headers)).toEqual({ kind: 'decoded', events: [wanted] });
  });

  const two = [
    { type: 'a.b', data: {} },
    { type: 'c.d', data: { x: null } },
  ];
  test.each([
    ['JSON', 'application/json', JSON.stringify({ events: two })],
    [
      ...['XML', 'application/xml'],
      '<events><event><type>a.b</type><data type="object"/></event> <event><type>c.d</type><data><x type="null"/></data></event></events>',
    ],
  ] as [string, string, string][])('is read from a batch in %s', (_, contentType, body) => {
    expect(read(contentType, body)).toEqual({ kind: 'decoded', events: two });
  });

  test('is read from a batch of CloudEvents, and an id of another source is told apart', () => {
    const batch = [structured, { ...structured, source: 'https://shop.example/#a' }];
    expect(read('application/cloudevents-batch+json', JSON.stringify(batch))).toEqual({
      kind: 'decoded',
      events: [wanted, { ...wanted, id: 'https://shop.example/#a a-1' }],
    });
  });

  test('is read from a form without types as strings', () => {
    const body =
      'type=a.b&data[n]=1&data[list][0]=x&data[s]=&data[t]=string&~types[data][t]=string&&';
    expect(read('application/x-www-form-urlencoded', body)).toEqual({
      kind: 'decoded',
      events: [{ type: 'a.b', data: { n: '1', list: ['x'], s: '', t: 'string' } }],
    });
  });
});

test.each(deliveryFormats)('an event grows by little when it is written as %s', (format) => {
  const many = Array.from({ length: 9_000 }, () => 1);
  const named = { [`long ${'name'.repeat(10_000)}`]: many };
  const deep = { a: Array.from({ length: 900 }, () => ({ ['b'.repeat(50)]: { c: 1 } })) };
  for (const data of [
    named,
    deep,
    { list: many, texts: many.map(String) },
    { x: '&"\0'.repeat(9_000) },
  ]) {
    const size = JSON.stringify(data).length;
    const message = sent(format, { ...event, data });
    expect(message.body.length).toBeLessThan(16 * size + 4_000_000);
    expect(decoded(message)[0]?.data).toEqual(data);
  }
});
