import { describe, expect, test } from 'vitest';
import { decode, readMediaTypes } from '../../delivery/format/index.ts';

const read = (contentType: string, body: string | Buffer, headers = {}) =>
  decode({ contentType, headers, body: Buffer.from(body) });

/** What is wrong, the body, what is said of it, and where. */
type Row = [string, string, RegExp, string?];

const refused = (reason: RegExp, at?: string) => ({
  kind: 'refused',
  reason: expect.stringMatching(reason),
  ...(at !== undefined && { at }),
});

test.each([
  ['of another type', 'text/plain', /text\/plain/],
  ['of no type', '', /none/],
  ['of a type that every object has', 'constructor', /constructor/],
  ['in another charset', 'application/json; charset=latin1', /UTF-8/],
])('a message is refused %s', (_, contentType, reason) => {
  expect(read(contentType, '{"type":"a","data":{}}')).toEqual(refused(reason));
});

describe('JSON is refused', () => {
  const with1 = (fields: string) => `{"type":"a","data":1,${fields}}`;
  test.each<Row>([
    ['that is none', '{', /JSON/],
    ['that is no object', '[]', /event/, ''],
    ['without a type', '{"data":1}', /missing/, '/type'],
    ['with a number for a type', '{"data":1,"type":1}', /string/, '/type'],
    ['without data', '{"type":"a"}', /missing/, '/data'],
    ['with a field too many', with1('"a/b":1'), /field/, '/a~1b'],
    ['with two times', with1('"timestamp":"","occurredAt":""'), /duplicated/, '/timestamp'],
    ['with a channel', with1('"channels":"a"'), /array/, '/channels'],
    ['with a number as channel', with1('"channels":[1]'), /array/, '/channels'],
    ['with null for an id', with1('"id":null'), /string/, '/id'],
    [
      'with one bad event',
      `{"events":[${with1('"id":"1"')},{"type":"a"}]}`,
      /missing/,
      '/events/1/data',
    ],
    ['with events that are none', '{"events":{}}', /array/, '/events'],
    ['with something beside events', '{"events":[],"x":1}', /beside/, '/x'],
  ])('%s', (_, body, reason, at) => {
    expect(read('application/json', body)).toEqual(refused(reason, at));
  });
});

describe('XML is refused', () => {
  test.each<Row>([
    ['that is none', '<event>', /XML/],
    ['with two roots', '<event/><event/>', /one root/],
    ['with another root', '<order/>', /<event>/],
    ['with another element in events', '<events><e/></events>', /<event>/, '/events/0'],
    ['with text in events', '<events>a</events>', /text/],
    ['declared otherwise', '<?xml version="1.0" encoding="UTF-16"?><event/>', /UTF-16/],
  ])('%s', (_, body, reason, at) => {
    expect(read('text/xml', body)).toEqual(refused(reason, at));
  });

  test.each<Row>([
    ['with text beside elements', '<data>a<b/></data>', /text/, '/data'],
    ['with an element twice', '<data><a/><a/></data>', /array/, '/data/a'],
    ['with an attribute', '<data id="1"/>', /attribute id/, '/data'],
    ['with an unknown type', '<data type="date"/>', /type date/, '/data'],
    ['with elements in a string', '<data type="string"><a/></data>', /elements/, '/data'],
    ['with no number as JSON has it', '<data type="number">0x10</data>', /number/, '/data'],
    ['with no number at all', '<data type="number"/>', /number/, '/data'],
    ['with too large a number', '<data type="number">1e999</data>', /number/, '/data'],
    ['with a word for a boolean', '<data type="boolean">yes</data>', /boolean/, '/data'],
    ['with a full null', '<data type="null">0</data>', /empty/, '/data'],
    ['with half JSON', '<data type="json">{</data>', /JSON/, '/data'],
    ['with __proto__', '<data><__proto__/></data>', /XML/],
    ['with an unknown reference', '<data>&nbsp;</data>', /&nbsp;/, '/event/data'],
    ['with a forbidden character', '<data>&#0;</data>', /&#0;/, '/event/data'],
    ['with half a character', '<data>&#xD800;</data>', /&#xD800;/, '/event/data'],
    ['with a character beyond all', '<data>&#x110000;</data>', /&#x110000;/, '/event/data'],
    ['with a bad reference in a name', '<data><f name="&x;"/></data>', /&x;/, '/event/data/f'],
  ])('%s', (_, data, reason, at) => {
    expect(read('text/xml', `<event><type>a.b</type>${data}</event>`)).toEqual(refused(reason, at));
  });
});

describe('a form is refused', () => {
  test.each<Row>([
    ['with a field twice', 'type=a&type=b', /twice/],
    ['with a text that has fields', 'data=a&data[b]=1', /both/],
    ['with fields that are a text', 'data[b]=1&data=a', /twice/],
    ['with an open bracket', 'data[b=1', /names are like/],
    ['with an empty bracket', 'data[]=1', /names are like/],
    ['with a type for nothing', 'data=1&~types[x]=number', /missing field/],
    ['with a wrong type', 'data=x&~types[data]=number', /JSON/, '/data'],
    ['with another wrong type', 'data=true&~types[data]=number', /number/, '/data'],
    ['with an infinite number', 'data=1e999&~types[data]=number', /number/, '/data'],
    ['with an unknown type', 'data=x&~types[data]=date', /date/, '/data'],
    ['with a full null', 'data=x&~types[data]=null', /null/, '/data'],
    ['with fields of a string', 'data[a]=x&~types[data]=string', /string/, '/data'],
    ['with an array that has names', 'data[a]=x&~types[data]=array', /array/, '/data'],
    ['with half a percent', 'data=%', /percent/],
    ['with half a character', 'data=%ff', /percent/],
    ['nested too deep', `data${'[a]'.repeat(50)}=1`, /deep/, '/data'],
  ])('%s', (_, body, reason, at) => {
    expect(read('application/x-www-form-urlencoded', body)).toEqual(refused(reason, at));
  });
});

const cloudEvent = (changes: object) =>
  JSON.stringify({ specversion: '1.0', id: '1', source: '/a', type: 'a.b', data: {}, ...changes });

describe('a CloudEvent is refused', () => {
  test.each<Row>([
    ['without id', cloudEvent({ id: undefined }), /empty/, '/id'],
    ['without source', cloudEvent({ source: '' }), /empty/, '/source'],
    ['without type', cloudEvent({ type: 5 }), /string/, '/type'],
    ['of the past', cloudEvent({ specversion: '0.3' }), /1\.0/, '/specversion'],
    ['at no time', cloudEvent({ time: 'yesterday' }), /date-time/, '/time'],
    ['at an empty time', cloudEvent({ time: '' }), /3339/, '/time'],
    ['from nowhere', cloudEvent({ source: 'a b' }), /uri/, '/source'],
    ['about nothing', cloudEvent({ subject: '' }), /fewer/, '/subject'],
    ['in binary', cloudEvent({ data_base64: 'AA==' }), /binary/, '/data_base64'],
    ['of XML', cloudEvent({ datacontenttype: 'text/xml' }), /json/, '/datacontenttype'],
    ['without data', cloudEvent({ data: undefined }), /missing/, '/data'],
    ['with a bad name', cloudEvent({ Foo: 1 }), /extension name/, ''],
    ['with a trap', cloudEvent({ validate: 1 }), /CloudEvent/, ''],
    ['with numbers for channels', cloudEvent({ channels: 5 }), /string/, '/channels'],
    ['that is a list', '[]', /CloudEvent/, ''],
  ])('%s', (_, body, reason, at) => {
    expect(read('application/cloudevents+json', body)).toEqual(refused(reason, at));
  });

  test.each<Row>([
    ['in a batch that is none', '{}', /array/],
    ['in a batch with another bad one', `[${cloudEvent({})},{}]`, /empty/, '/1/specversion'],
  ])('%s', (_, body, reason, at) => {
    expect(read('application/cloudevents-batch+json', body)).toEqual(refused(reason, at));
  });

  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/', 'ce-type': 'a.b' };
  test.each<[string, string, string, object, string]>([
    ['with a broken header', 'application/json', '{}', { 'ce-id': '%zz' }, '/ce-id'],
    ['of another type', 'text/xml', '{}', {}, '/datacontenttype'],
    ['whose body is no JSON', 'application/json', '<a/>', {}, '/data'],
  ])('in binary mode %s', (_, contentType, body, changes, at) => {
    expect(read(contentType, body, { ...headers, ...changes })).toMatchObject({
      kind: 'refused',
      at,
    });
  });
});

describe('whatever the format, a message is refused', () => {
  test('that is not UTF-8, in every format', () => {
    for (const mediaType of readMediaTypes) {
      expect(read(mediaType, Buffer.from([0x7b, 0xff, 0x7d]))).toMatchObject({
        reason: 'is not UTF-8',
      });
    }
  });

  test.each(['application/xml', 'text/xml', 'application/x-www-form-urlencoded'])(
    'that is larger than 1 MiB as %s',
    (mediaType) => {
      const most = 1_024 * 1_024;
      const large = (bytes: number) => read(mediaType, Buffer.alloc(bytes, ' '));
      expect(large(most + 1)).toEqual(refused(/larger/));
      expect(large(most)).not.toEqual(refused(/larger/));
    },
  );
});

describe('XML that means harm is refused unread', () => {
  const laughs = Array.from(
    { length: 9 },
    (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
  ).join('');
  test.each([
    ['a billion laughs', `<!DOCTYPE x [<!ENTITY l0 "lol">${laughs}]><event>&l9;</event>`],
    [
      'a quadratic blow-up',
      `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(50_000)}">]><event>${'&a;'.repeat(10_000)}</event>`,
    ],
    ['a file', `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><event>&f;</event>`],
    ['a call to a server', '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><event/>'],
    ['parameter entities', '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]><event/>'],
    ['a doctype in small letters', '<!doctype x><event/>'],
    ['a doctype after a comment', '<?xml version="1.0"?><!-- --><!DOCTYPE x><event/>'],
  ])('%s', (_, body) => {
    expect(read('application/xml', body)).toEqual({
      kind: 'refused',
      reason: 'has a DOCTYPE, which is not supported',
    });
  });

  const xmlData = (data: string) => `<event><type>a.b</type>${data}</event>`;

  test('elements nested beyond all reason', () => {
    const body = xmlData(`<data>${'<a>'.repeat(70)}${'</a>'.repeat(70)}</data>`);
    expect(read('application/xml', body)).toMatchObject({
      reason: expect.stringMatching(/nested/),
    });
    expect(read('application/xml', '<a>'.repeat(100_000))).toMatchObject({ kind: 'refused' });
  });

  test('more elements than a machine should hold', () => {
    const body = xmlData(`<data type="array">${'<a/>'.repeat(100_000)}</data>`);
    expect(read('application/xml', body)).toMatchObject({ reason: 'has too many elements' });
  });

  test('a name that would reach into JavaScript is refused, and pollutes nothing', () => {
    const body = xmlData('<data><field name="__proto__"><polluted>1</polluted></field></data>');
    const refusal = { kind: 'refused', reason: 'is not an allowed name' };
    expect(read('text/xml', body)).toEqual({ ...refusal, at: '/data/__proto__' });
    const form = 'type=a.b&data[__proto__][polluted]=1';
    expect(read('application/x-www-form-urlencoded', form)).toEqual({
      ...refusal,
      at: '/data/__proto__',
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
