import type { EndpointId } from '../../domain/ids.ts';
import type { Receiver, Reply, Received } from './receiver.ts';
import { startReceiver } from './receiver.ts';
import type { TestMerchant } from './world.ts';

export type MessageBody = {
  id: `msg_${string}`;
  status: string;
  from: string;
  to: string;
  body: unknown;
  reply: { body: unknown; via: string } | null;
  lateReply: { body: unknown } | null;
};

/** An endpoint of the merchant's with a receiver behind it. Stop the receiver when done. */
export async function endpointOf(
  merchant: TestMerchant,
  settings: {
    eventTypes: string[];
    answers?: (received: Received) => Reply | Promise<Reply>;
  } & Record<string, unknown>,
): Promise<{ id: EndpointId; secret: string; receiver: Receiver }> {
  const { answers = () => ({ status: 204 }), ...rest } = settings;
  const receiver = await startReceiver();
  receiver.answerWith(answers);
  const { status, body, text } = await merchant.api<{ id: EndpointId; secret: string }>(
    'POST',
    '/v1/endpoints',
    {
      body: { url: receiver.url, ...rest },
    },
  );
  if (status !== 201) throw new Error(`no endpoint: ${text}`);
  return { ...body, receiver };
}

/** The answer of an endpoint that replies at once. */
export const replying = (reply: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ reply }),
});

export type FeedEvent = { id: string; type: string; data: Record<string, unknown> };

/** A merchant's feed, those of the types asked for. */
export async function feedOf({ api }: TestMerchant, types: string): Promise<FeedEvent[]> {
  const { body } = await api<{ data: FeedEvent[] }>('GET', `/v1/events?types=${types}&limit=100`);
  return body.data;
}

/** Lets each write to the other. */
export async function acquaint(a: TestMerchant, b: TestMerchant): Promise<void> {
  await a.api('POST', '/v1/contacts', { body: { merchantId: b.merchantId } });
  await b.api('POST', '/v1/contacts', { body: { merchantId: a.merchantId } });
}
