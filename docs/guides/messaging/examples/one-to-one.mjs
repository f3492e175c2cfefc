// Two services agree on a price: each speaks once, and both read the same transcript.
import { api, endpoint, merchantId, say } from './tender.mjs';

const seller = await endpoint(['session.*']);
const session = await api('POST', '/v1/sessions', {
  participants: [merchantId, seller.id],
  subject: 'price of tea',
  closesInSeconds: 60,
});
// Both sides belong to the demo merchant here, so each says which one it is. Two merchants need no `as`.
await api('POST', `/v1/sessions/${session.id}/messages`, { as: merchantId, body: { offer: 1200 } });
const said = { as: seller.id, body: { accepts: true } };
await api('POST', `/v1/sessions/${session.id}/messages`, said);
// A repeat is answered with what is recorded.
await api('POST', `/v1/sessions/${session.id}/messages`, said);
const { status, messages } = await api('GET', `/v1/sessions/${session.id}?wait=10`);
say(status, JSON.stringify(messages.map(({ from, body }) => ({ from, body }))));
await seller.close();
