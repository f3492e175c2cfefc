import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export type ShopReceiver = {
  port: number;
  /** The secret that what comes is signed with. */
  trust(secret: string): void;
  /** When an order's payment was told of here. */
  paidAtMs(orderId: string): number | undefined;
  wronglySigned(): number;
  stop(): Promise<void>;
};

type Event = { type: string; data: { id?: string; mark?: string } };

/** The healthy merchant's endpoint: checks every signature by the standard's own library. */
export async function startShopReceiver({
  note,
}: {
  note: (number: number) => void;
}): Promise<ShopReceiver> {
  const paid = new Map<string, number>();
  let wronglySigned = 0;
  let webhook: Webhook | undefined;

  function take(body: string, headers: Record<string, string>): void {
    let event: Event;
    try {
      event = webhook?.verify(body, headers) as Event;
    } catch {
      wronglySigned += 1;
      return;
    }
    const { type, data } = event;
    const number = /^healthy-(\d+)-end$/.exec(data.mark ?? '')?.[1];
    if (number !== undefined) note(Number(number));
    if (type === 'order.paid' && data.id && !paid.has(data.id)) {
      paid.set(data.id, performance.now());
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take(Buffer.concat(chunks).toString(), request.headers as Record<string, string>);
      response.writeHead(204).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    trust: (secret) => (webhook = new Webhook(secret)),
    paidAtMs: (orderId) => paid.get(orderId),
    wronglySigned: () => wronglySigned,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
