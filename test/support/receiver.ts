import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuseDelivery } from './described.ts';

export type Received = { headers: Record<string, string>; rawBody: string; event: ReceivedEvent };
export type ReceivedEvent = {
  id: string;
  type: string;
  timestamp: string;
  data: { id: string; status: string; version: number; merchantOrderNo: string };
};

export type Reply = { status: number; headers?: Record<string, string>; body?: string };

/** A merchant's endpoint, in this process: keeps what it is sent and answers as it is told. */
export type Receiver = {
  url: string;
  received: Received[];
  /** What is answered from now on; 204 unless told otherwise. May be a promise that never settles. */
  answerWith(reply: (received: Received) => Reply | Promise<Reply>): void;
  /** Requests that were neither answered nor given up. */
  underWay(): number;
  /** Throws where something came that the API's description does not describe, unless another release sends too. */
  stop(): Promise<void>;
};

export async function startReceiver({ isDescribed = true } = {}): Promise<Receiver> {
  const received: Received[] = [];
  const undescribed: string[] = [];
  const open = new Set<ServerResponse>();
  let reply: (received: Received) => Reply | Promise<Reply> = () => ({ status: 204 });
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const rawBody = Buffer.concat(chunks).toString('utf8');
      const entry = {
        headers: request.headers as Record<string, string>,
        rawBody,
        event: JSON.parse(rawBody) as ReceivedEvent,
      };
      received.push(entry);
      const refusal = refuseDelivery(entry.event);
      if (refusal !== undefined) undescribed.push(`${entry.event.type}: ${refusal}`);
      void Promise.resolve(reply(entry)).then(({ status, headers, body }) => {
        response.writeHead(status, headers).end(body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    answerWith: (next) => {
      reply = next;
    },
    underWay: () => open.size,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (isDescribed && undescribed.length > 0) {
        throw new Error(`deliveries that openapi.json does not describe:\n${undescribed[0]}`);
      }
    },
  };
}
