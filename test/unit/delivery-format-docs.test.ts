import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deliveryFormats } from '../../domain/delivery.ts';
import { decode, formats, readMediaTypes } from '../../delivery/format/index.ts';
import { example } from '../support/example-event.ts';

const page = readFileSync(new URL('../../docs/reference/formats.md', import.meta.url), 'utf8');

/** The block under a format's heading: header lines, an empty one, the body. */
function exampleOf(format: string): { headers: Record<string, string>; body: string } {
  const [, block = ''] = page.split(`\n### \`${format}\`\n\n\`\`\`http\n`);
  const [lines = '', body = ''] = block.split('\n```', 1)[0]!.split('\n\n');
  const headers = lines.split('\n').map((line) => line.split(': ', 2) as [string, string]);
  return { headers: Object.fromEntries(headers), body };
}

test.each(deliveryFormats)('the page shows %s as the code makes it', (format) => {
  const { contentType, headers, body } = formats[format].encode(example);
  expect(exampleOf(format)).toEqual({ headers: { 'content-type': contentType, ...headers }, body });
});

test.each(deliveryFormats)(
  'what the page shows as %s is read as the event it is about',
  (format) => {
    const { headers, body } = exampleOf(format);
    const contentType = headers['content-type'] ?? '';
    const answer = decode({ contentType, headers, body: Buffer.from(body) });
    expect(answer).toMatchObject({
      kind: 'decoded',
      events: [{ id: example.id, occurredAt: example.timestamp, data: example.data }],
    });
  },
);

test('every format and media type is in the table', () => {
  for (const name of [...deliveryFormats, ...readMediaTypes]) expect(page).toContain(`\`${name}\``);
});
