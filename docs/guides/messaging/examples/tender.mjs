// What the examples share: the demo merchant's key, the API, and a small endpoint in this process.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

// `npm start` keeps its demo merchant and the API's address here; others go into TENDER_URL and TENDER_KEY.
function kept(name) {
  const folder =
    process.env['TENDER_STATE_DIR'] ?? new URL('../../../../.tender', import.meta.url).pathname;
  return JSON.parse(readFileSync(`${folder}/demo/${name}.json`, 'utf8'));
}

const url = process.env['TENDER_URL'] ?? kept('addresses').apiUrl;

export const key = process.env['TENDER_KEY'] ?? kept('merchant').key;
export const merchantId = process.env['TENDER_MERCHANT'] ?? kept('merchant').merchantId;

export const say = (...parts) => process.stdout.write(`${parts.join(' ')}\n`);

/** Calls the API; throws what it answers on anything but success. */
export async function api(method, path, body, headers = {}) {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** An endpoint that hands each event to `answer`, registered for some event types. `close` removes it. */
export async function endpoint(eventTypes, answer = () => undefined) {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const said = answer(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(said ?? {}));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { id } = await api('POST', '/v1/endpoints', {
    url: `http://127.0.0.1:${server.address().port}/`,
    eventTypes,
  });
  return {
    id,
    close: async () => {
      await api('DELETE', `/v1/endpoints/${id}`);
      server.closeAllConnections();
      server.close();
    },
  };
}
