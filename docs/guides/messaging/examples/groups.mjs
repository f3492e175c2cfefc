// A price service tells two others; one joins late and catches up.
import { api, endpoint, merchantId, say } from './tender.mjs';

const heard = [];
const shop = await endpoint(['group.message'], ({ data }) => void heard.push(data.body));
const topic = await api('POST', '/v1/topics', { name: `prices ${Date.now()}` });
const publish = (price) =>
  api('POST', `/v1/topics/${topic.id}/messages`, { as: merchantId, key: 'tea', body: { price } });
await publish(1200);
await api('PUT', `/v1/topics/${topic.id}/members/${shop.id}`, {
  filter: { 'data.body.price': { $lt: 1200 } },
});
await publish(1250);
await publish(1100);
while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
const { data: history } = await api('GET', `/v1/topics/${topic.id}/messages`);
await api('PUT', `/v1/topics/${topic.id}/cursor`, { as: shop.id, seq: history.at(-1).seq });
const latest = await api('GET', `/v1/topics/${topic.id}/latest?key=tea`);
const { data: members } = await api('GET', `/v1/topics/${topic.id}/members`);
say('pushed:', JSON.stringify(heard));
say('history:', JSON.stringify(history.map(({ seq, body }) => [seq, body.price])));
say('latest:', latest.body.price);
say('cursors:', JSON.stringify(members.map(({ cursor }) => cursor)));
await api('DELETE', `/v1/topics/${topic.id}/members/${shop.id}`);
await shop.close();
