/** A request by which a merchant could try to take the event loop from all others. */
export type HostileInput = {
  name: string;
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Undefined for a request without a body. */
  body: () => string | undefined;
  /** What it may be answered with. */
  statuses: readonly number[];
  /** The field that a refusal names, where it names one. */
  field?: string;
};

const mebibyte = 1_024 * 1_024;

/** Units one after the other, as many as fit. */
function fill(head: string, unit: (n: number) => string, tail: string, bytes: number): string {
  const parts = [head];
  let length = head.length + tail.length;
  for (let n = 0; ; n++) {
    const part = unit(n);
    length += part.length;
    if (length > bytes) return [...parts, tail].join('');
    parts.push(part);
  }
}

const times = <T>(count: number, make: (n: number) => T) =>
  Array.from({ length: count }, (_, n) => make(n));

const json = { 'content-type': 'application/json' };

type Given = Partial<HostileInput> & Pick<HostileInput, 'name' | 'body' | 'statuses'>;

function posting(path: string, headers: Readonly<Record<string, string>>) {
  return (given: Given): HostileInput => ({ method: 'POST', path, headers, ...given });
}

const inJson = posting('/v1/events', json);
const inXml = posting('/v1/events', { 'content-type': 'application/xml' });
const inForm = posting('/v1/events', { 'content-type': 'application/x-www-form-urlencoded' });
const asCloudEvents = posting('/v1/events', {
  'content-type': 'application/cloudevents-batch+json',
});
const asCloudEvent = posting('/v1/events', { 'content-type': 'application/cloudevents+json' });
const ofSchemas = posting('/v1/event-types', json);
const dryRun = posting('/v1/filters/dry-run', json);
const ofEndpoints = posting('/v1/endpoints', json);

const xmlHead = '<event><type>hostile.xml</type><data>';
const xmlTail = '</data></event>';
const formHead = 'type=hostile.form';
const cloudEvent = (n: number) =>
  `{"specversion":"1.0","id":"${n}","source":"s","type":"hostile.cloud","data":{}`;
const eventHead = '{"events":[{"type":"hostile.json","data":{"x":1';
const typed = (name: string, schema: unknown) =>
  JSON.stringify({ name: `hostile.${name}`, schema });

/** JSON of every shape, as events. */
const shapesOfJson: HostileInput[] = [
  inJson({
    name: '2 million numbers in one event',
    body: () => fill('{"events":[{"type":"a.b","data":{"x":[1', () => ',1', ']}}]}', 4 * mebibyte),
    statuses: [400],
    field: '/events/0/data',
  }),
  inJson({
    name: '250,000 numbers in one event',
    body: () => fill('{"type":"a.b","data":{"x":[1', () => ',1', ']}}', mebibyte / 2),
    statuses: [400],
    field: '/data',
  }),
  inJson({
    name: '360,000 fields in one event',
    body: () => fill(eventHead, (n) => `,"k${n}":1`, '}}]}', 4 * mebibyte),
    statuses: [400],
    field: '/events/0/data',
  }),
  inJson({
    name: '45,000 fields in one event',
    body: () => fill(eventHead, (n) => `,"k${n}":1`, '}}]}', mebibyte / 2),
    statuses: [400],
    field: '/events/0/data',
  }),
  inJson({
    name: '360,000 fields beside the events',
    body: () => fill('{"events":[]', (n) => `,"k${n}":1`, '}', 4 * mebibyte),
    statuses: [400],
    field: '/k0',
  }),
  inJson({
    name: '45,000 fields beside the data',
    body: () => fill('{"type":"a.b","data":{}', (n) => `,"k${n}":1`, '}', mebibyte / 2),
    statuses: [400],
    field: '/k50',
  }),
  inJson({
    name: 'a field 600,000 times',
    body: () => fill(eventHead, () => ',"x":1', '}}]}', 4 * mebibyte),
    statuses: [400],
    field: '/events/0/data/x',
  }),
  inJson({
    name: '45,000 fields of which the last stands twice',
    body: () => fill(eventHead, (n) => `,"k${n}":1`, ',"x":2}}]}', mebibyte / 2),
    statuses: [400],
    field: '/events/0/data/x',
  }),
  inJson({
    name: 'objects 80,000 deep with a name twice in the last',
    body: () => `{"data":${'{"a":'.repeat(80_000)}{"b":1,"b":1}${'}'.repeat(80_001)}`,
    statuses: [400],
  }),
  inJson({
    name: '360,000 fields of which the last stands twice',
    body: () => fill(eventHead, (n) => `,"k${n}":1`, ',"x":2}}]}', 4 * mebibyte),
    statuses: [400],
    field: '/events/0/data/x',
  }),
  inJson({
    name: 'arrays 2 million deep',
    body: () => `{"events":${'['.repeat(2 * mebibyte - 20)}${']'.repeat(2 * mebibyte - 20)}}`,
    statuses: [400],
    field: '/events/0',
  }),
  inJson({
    name: 'arrays 2 million deep that never end',
    body: () => `{"events":${'['.repeat(4 * mebibyte - 20)}`,
    statuses: [400],
  }),
  inJson({
    name: 'data 250,000 deep',
    body: () => `{"type":"a.b","data":{"x":${'['.repeat(250_000)}${']'.repeat(250_000)}}}`,
    statuses: [400],
  }),
  inJson({
    name: '700,000 NULs in a text',
    body: () => `{"events":[{"type":"a.b","data":{"x":"${'\\u0000'.repeat(690_000)}"}}]}`,
    statuses: [400],
    field: '/events/0',
  }),
  inJson({
    name: '85,000 NULs in a text',
    body: () => `{"events":[{"type":"a.b","data":{"x":"${'\\u0000'.repeat(85_000)}"}}]}`,
    statuses: [400],
    field: '/events/0/data',
  }),
  inJson({
    name: '170,000 channels',
    body: () => fill('{"type":"a.b","data":{},"channels":[""', () => ',""', ']}', mebibyte / 2),
    statuses: [400],
    field: '/channels',
  }),
  inJson({
    name: 'an id of half a megabyte',
    body: () => JSON.stringify({ type: 'a.b', data: {}, id: '\u00e9'.repeat(250_000) }),
    statuses: [400],
    field: '/id',
  }),
  inJson({
    name: '2 million values for events',
    body: () => fill('{"events":[1', () => ',1', ']}', 4 * mebibyte),
    statuses: [400],
    field: '/events',
  }),
  inJson({
    name: '1,000 events that are none',
    body: () => JSON.stringify({ events: times(1_000, () => ({ type: 1, data: 1, x: 1 })) }),
    statuses: [400],
  }),
  inJson({
    name: '1,000 events of 100 fields',
    body: () =>
      JSON.stringify({
        events: times(1_000, (n) => ({
          id: `wide-${n}`,
          type: 'hostile.wide',
          data: Object.fromEntries(times(100, (at) => [`field${at}`, `some text and ${n}`])),
        })),
      }),
    statuses: [200, 201],
  }),
  inJson({
    name: '1,000 events of 100 fields again, which are compared with those there are',
    body: () =>
      JSON.stringify({
        events: times(1_000, (n) => ({
          id: `wide-${n}`,
          type: 'hostile.wide',
          data: Object.fromEntries(times(100, (at) => [`field${99 - at}`, `some text and ${n}`])),
        })),
      }),
    statuses: [200],
  }),
  inJson({
    name: '2 MiB of quotes and backslashes',
    body: () =>
      JSON.stringify({
        events: times(62, () => ({ type: 'hostile.quotes', data: { x: '"\\'.repeat(16_000) } })),
      }),
    statuses: [201],
  }),
  inJson({
    name: '180 events of 10,000 values',
    body: () =>
      JSON.stringify({
        events: times(180, () => ({ type: 'hostile.many', data: { x: times(9_990, () => 1) } })),
      }),
    statuses: [201],
  }),
];

const xml: HostileInput[] = [
  inXml({
    name: '80,000 attributes',
    body: () => fill('<event ', (n) => `a${n}="1" `, '/>', mebibyte),
    statuses: [400],
  }),
  inXml({
    name: '1,300 attributes',
    body: () => fill('<event ', (n) => `a${n}="1" `, '/>', 16_000),
    statuses: [400],
  }),
  inXml({
    name: '90,000 elements',
    body: () => fill(xmlHead, (n) => `<a${n}/>`, xmlTail, 790_000),
    statuses: [400],
    field: '/data',
  }),
  inXml({
    name: 'items of an array',
    body: () => `${xmlHead}<l type="array">${'<i/>'.repeat(99_000)}</l>${xmlTail}`,
    statuses: [400],
    field: '/data',
  }),
  inXml({
    name: '200,000 references',
    body: () => fill(`${xmlHead}<a>`, () => '&amp;', `</a>${xmlTail}`, mebibyte),
    statuses: [400],
    field: '/data',
  }),
  inXml({
    name: 'a name of a megabyte',
    body: () => `${xmlHead}<${'a'.repeat(mebibyte - 200)}/>${xmlTail}`,
    statuses: [400],
  }),
  inXml({
    name: 'half a million names without values',
    body: () => `<event ${'a '.repeat(mebibyte / 2 - 100)}/>`,
    statuses: [400],
  }),
  inXml({
    name: 'a megabyte of spaces',
    body: () => `${' '.repeat(mebibyte - 20)}<event/>`,
    statuses: [400],
  }),
  inXml({
    name: 'a megabyte of declarations',
    body: () => `<?xml ${' encoding='.repeat(100_000)}`,
    statuses: [400],
  }),
];

const forms: HostileInput[] = [
  inForm({
    name: '70,000 fields',
    body: () => fill(formHead, (n) => `&data[a${n}]=1`, '', mebibyte),
    statuses: [400],
    field: '/data',
  }),
  inForm({
    name: 'fields and types',
    body: () => fill(formHead, (n) => `&data[${n}]=1&~types[data][${n}]=number`, '', mebibyte),
    statuses: [400],
    field: '/data',
  }),
  inForm({
    name: '16 kB of fields',
    body: () => fill(formHead, (n) => `&data[${n}]=1&~types[data][${n}]=number`, '', 16_000),
    statuses: [400],
  }),
  inForm({
    name: '300,000 brackets',
    body: () => `${formHead}&data${'[a]'.repeat(300_000)}=1`,
    statuses: [400],
  }),
  inForm({
    name: 'a million brackets that open',
    body: () => `${formHead}&data${'['.repeat(1_000_000)}=1`,
    statuses: [400],
  }),
  inForm({
    name: 'a million pluses',
    body: () => `${formHead}&data[a]=${'+'.repeat(1_000_000)}`,
    statuses: [400],
  }),
  inForm({
    name: 'fields 32 deep',
    body: () => fill(formHead, (n) => `&data${'[a]'.repeat(32)}[${n}]=1`, '', mebibyte),
    statuses: [201, 400],
  }),
];

const cloud: HostileInput[] = [
  asCloudEvents({
    name: '50,000 of a batch',
    body: () => `[${times(50_000, (n) => `${cloudEvent(n)}}`).join(',')}]`,
    statuses: [400],
    field: '/events',
  }),
  asCloudEvents({
    name: '1,000 of a batch',
    body: () => `[${times(1_000, (n) => `${cloudEvent(n)}}`).join(',')}]`,
    statuses: [200, 201],
  }),
  asCloudEvent({
    name: '300,000 attributes of a CloudEvent',
    body: () => fill(cloudEvent(1), (n) => `,"a${n}":1`, '}', 4 * mebibyte),
    statuses: [200, 201, 400],
  }),
  asCloudEvent({
    name: '300,000 attributes with wrong names',
    body: () => fill(cloudEvent(1), (n) => `,"A_${n}":1`, '}', 4 * mebibyte),
    statuses: [400],
  }),
];

const branches = (count: number) =>
  times(count, (n) => ({ properties: { a: { const: n } }, required: ['a'] }));

const schemas: HostileInput[] = [
  ofSchemas({
    name: 'a schema of 650 properties',
    body: () =>
      typed('wide_schema', {
        type: 'object',
        properties: Object.fromEntries(times(650, (n) => [`p${n}`, { type: 'string' }])),
      }),
    statuses: [200, 201, 400],
  }),
  ofSchemas({
    name: 'a schema of 300 alternatives',
    body: () => typed('alternatives', { anyOf: branches(300) }),
    statuses: [200, 201, 400],
  }),
  ofSchemas({
    name: 'a schema of 1,990 negations side by side',
    body: () => typed('negations', { allOf: times(990, () => ({ not: {} })) }),
    statuses: [200, 201, 400],
  }),
  ofSchemas({
    name: 'a schema of 3,000 unknown keywords',
    body: () => typed('unknown', Object.fromEntries(times(2_900, (n) => [`k${n}`, 1]))),
    statuses: [400],
    field: '/schema/k0',
  }),
  ofSchemas({
    name: 'a schema whose definitions double',
    body: () =>
      typed('doubling', {
        $ref: '#/$defs/d0',
        $defs: Object.fromEntries(
          times(15, (n) => [
            `d${n}`,
            n === 14
              ? {}
              : { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
          ]),
        ),
      }),
    statuses: [400],
    field: '/schema',
  }),
  ofSchemas({
    name: 'a schema 9,000 deep',
    body: () => `{"name":"hostile.deep","schema":${'{"not":'.repeat(3_500)}{}${'}'.repeat(3_500)}}`,
    statuses: [400],
  }),
  ofSchemas({
    name: 'a dear schema under a name of the platform',
    body: () => JSON.stringify({ name: 'order.mine', schema: { anyOf: branches(300) } }),
    statuses: [400],
    field: '/name',
  }),
  ofSchemas({
    name: 'a schema for arrays of many alternatives',
    body: () =>
      typed('many', {
        properties: { x: { items: { anyOf: times(90, (n) => ({ const: `a${n}` })) } } },
      }),
    statuses: [200, 201],
  }),
  inJson({
    name: 'events that fit no alternative of their schema',
    body: () =>
      JSON.stringify({
        events: times(160, () => ({ type: 'hostile.many', data: { x: times(5_000, () => 'a') } })),
      }),
    statuses: [422],
  }),
];

const odd = (front: number, back: number) => `${'a'.repeat(front)}b${'a'.repeat(back)}`;
const longText = { data: { s: 'a'.repeat(61_000) } };

/** As many conditions of one field as 4,096 bytes have room for. */
const nearMisses = { $or: times(16, (n) => ({ 'data.s': { $contains: odd(110 + n, 105) } })) };
const longMiss = { 'data.s': { $contains: odd(1_950, 1_950) } };
const manyFields = (count: number) => ({
  $or: times(count, (n) => ({ [`data.a.b${n}`]: 1 })),
});

/** Filters, each with events that it takes longest over. */
export const hostileFilters: Readonly<Record<string, unknown>> = {
  'a long text that is nearly there': longMiss,
  'many texts that are nearly there': nearMisses,
  'many fields of very many objects': manyFields(20),
};

export const hostileEvents: readonly Record<string, unknown>[] = [
  { type: 'hostile.text', ...longText },
  { type: 'hostile.objects', data: { a: times(9_900, () => ({})) } },
];

const ofGroups = posting('/v1/consumer-groups', json);

const filters: HostileInput[] = [
  {
    name: 'the feed of large events',
    method: 'GET',
    path: '/v1/events?after=0&limit=100',
    headers: {},
    body: () => undefined,
    statuses: [200],
  },
  ofGroups({
    name: 'a consumer group with a filter that is dear',
    body: () =>
      JSON.stringify({ name: 'hostile', eventTypes: ['*'], from: 'start', filter: manyFields(20) }),
    statuses: [200, 201],
  }),
  posting(
    '/v1/consumer-groups/hostile/take',
    json,
  )({
    name: 'a batch of that group, waited for',
    body: () => JSON.stringify({ limit: 100, wait: 1, leaseSeconds: 60 }),
    statuses: [200],
  }),
  ...Object.entries(hostileFilters).flatMap(([name, filter]): HostileInput[] => [
    ...hostileEvents.map((event) =>
      dryRun({
        name: `a dry run of ${name} over ${String(event['type'])}`,
        body: () => JSON.stringify({ filter, event }),
        statuses: [200],
      }),
    ),
    {
      name: `the feed, filtered by ${name}`,
      method: 'GET',
      path: `/v1/events?after=0&limit=100&filter=${encodeURIComponent(JSON.stringify(filter))}`,
      headers: {},
      body: () => undefined,
      statuses: [200],
    },
  ]),
  dryRun({
    name: 'a dry run that shows all data 100 times',
    body: () =>
      JSON.stringify({
        filter: { $and: times(100, () => ({ data: { $exists: true } })) },
        event: longText,
      }),
    statuses: [200],
  }),
  ofEndpoints({
    name: 'an endpoint with a filter of 100 fields of objects',
    body: () =>
      JSON.stringify({ url: 'http://127.0.0.1:9/', eventTypes: ['*'], filter: manyFields(100) }),
    statuses: [400],
    field: '/filter',
  }),
  ofEndpoints({
    name: '15,000 event types of an endpoint',
    body: () =>
      fill('{"url":"http://127.0.0.1:9/","eventTypes":["A"', () => ',""', ']}', 64 * 1_024),
    statuses: [400],
  }),
  ofEndpoints({
    name: '9,000 fields of an endpoint',
    body: () => fill('{"url":"http://127.0.0.1:9/"', (n) => `,"k${n}":1`, '}', 64 * 1_024),
    statuses: [400],
  }),
];

/** Requests that a merchant may send, each made to cost as much as it can. In this order: some build on others. */
export const tenantInputs: readonly HostileInput[] = [
  ...shapesOfJson,
  ...xml,
  ...forms,
  ...cloud,
  ...schemas,
  ...filters,
];
