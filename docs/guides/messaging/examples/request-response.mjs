// A shop asks its warehouse service for two cups, and waits for the reply.
import { api, endpoint, say } from './tender.mjs';

const warehouse = await endpoint(['message.request'], ({ data }) =>
  data.subject === 'stock.reserve' ? { reply: { reserved: data.body.cups } } : undefined,
);
const message = await api(
  'POST',
  '/v1/messages',
  {
    pattern: 'request',
    to: warehouse.id,
    subject: 'stock.reserve',
    body: { cups: 2 },
    replyWithinSeconds: 30,
  },
  { prefer: 'wait=30' },
);
say(message.status, JSON.stringify(message.reply.body));
await warehouse.close();
