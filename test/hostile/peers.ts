import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { amqpAttacks, startHostileAmqp } from '../support/hostile/hostile-amqp.ts';
import { kafkaAttacks, startHostileKafka } from '../support/hostile/hostile-kafka.ts';
import type { HostileBroker } from '../support/hostile/hostile-server.ts';
import { misbehaviours, startMisbehaving } from '../support/hostile/receivers.ts';
import type { Seeded } from '../support/hostile/seeded.ts';

export type Peers = {
  /** One for each way of the list in which an HTTP peer can misbehave. */
  receivers: readonly { name: string; url: string }[];
  /** One for each attack on each of the two protocols. */
  brokers: readonly { kind: 'kafka' | 'amqp'; name: string; url: string }[];
  /** Takes everything. */
  sinkUrl: string;
  counts(): { requests: number; messages: number; open: number };
  close(): Promise<void>;
};

/** Everybody out there who is called by the platform and does not behave. */
export async function startPeers({ random }: { random: Seeded }): Promise<Peers> {
  const sink = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const receivers = await Promise.all(
    misbehaviours.map(async (misbehaviour) => ({
      name: misbehaviour.name,
      ...(await startMisbehaving(misbehaviour, { pace: { everyMs: 200 } })),
    })),
  );
  const brokers: { kind: 'kafka' | 'amqp'; name: string; url: string; broker: HostileBroker }[] =
    [];
  for (const [kind, attacks, start] of [
    ['kafka', kafkaAttacks, startHostileKafka],
    ['amqp', amqpAttacks, startHostileAmqp],
  ] as const) {
    for (const name of attacks) {
      const broker = await start({ seed: random.int(2 ** 31), attack: name });
      brokers.push({ kind, name, broker, url: `${kind}://127.0.0.1:${broker.port}` });
    }
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  return {
    receivers,
    brokers,
    sinkUrl: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`,
    counts: () => ({
      requests: sum(receivers.map(({ requests }) => requests())),
      messages: sum(brokers.map(({ broker }) => broker.received())),
      open: sum([
        ...receivers.map(({ open }) => open()),
        ...brokers.map(({ broker }) => broker.openSockets()),
      ]),
    }),
    async close() {
      sink.closeAllConnections();
      sink.close();
      await Promise.all(receivers.map(({ close }) => close()));
      await Promise.all(brokers.map(({ broker }) => broker.close()));
    },
  };
}
