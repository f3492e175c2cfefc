/**
 * The hostile world, a process of its own, so that what it does costs the healthy merchant nothing but what the platform
 * lets through. `HOSTILE_WORLD` is its world as JSON; `GET /counts` says what it has done, `POST /end` ends what it does
 * while its receivers and brokers stay as they are, and answers with the counts. It ends with SIGTERM.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import type { OpenedMerchant } from '../chaos/accounts.ts';
import { createSeeded } from '../support/hostile/seeded.ts';
import { createAsk, createHostility } from './asking.ts';
import type { Counts } from './asking.ts';
import { startPeers } from './peers.ts';
import { addresses } from './scene.ts';
import type { Scene } from './scene.ts';
import { dripNotifications, forgeNotifications, plugIn, tryKeys, visitPages } from './strangers.ts';
import {
  churnEndpoints,
  publishKnocks,
  registerEverywhere,
  removeAll,
  sendRequests,
} from './tenant-endpoints.ts';
import {
  churnOrders,
  churnTypes,
  dripBodies,
  pollALot,
  sendInputs,
  streamALot,
} from './tenant-requests.ts';

export type WorldInput = {
  url: string;
  seed: number;
  hostile: OpenedMerchant;
  healthyAccountId: string;
};

export type WorldCounts = {
  asked: Counts;
  called: { requests: number; messages: number; open: number };
  /** Answers of 500 and more, by kind and status, with one of them. */
  faults: Record<string, string>;
};

// The cores are for the platform: it is to be annoyed, not starved of them by a neighbour.
setPriority(10);

const input = JSON.parse(process.env['HOSTILE_WORLD'] ?? '') as WorldInput;
const { url } = input;
const random = createSeeded(input.seed);
const hostility = createHostility();
const ending = new AbortController();
const peers = await startPeers({ random });
const { signal } = ending;
const askFrom = (localAddress: string, key?: string) =>
  createAsk({ url, localAddress, hostility, signal, ...(key !== undefined && { key }) });
const [tenant, payer, stranger] = [
  askFrom(addresses.tenant, input.hostile.key),
  askFrom(addresses.payer),
  askFrom(addresses.stranger),
];
const leaves: (() => void)[] = [];
const scene: Scene = {
  ...input,
  peers,
  random,
  hostility,
  signal,
  tenant: tenant.ask,
  payer: payer.ask,
  stranger: stranger.ask,
  keep: (leave) => void leaves.push(leave),
};

const endpoints = registerEverywhere(scene);

const acts = [
  endpoints.then((ids) => Promise.all([publishKnocks(scene), sendRequests(scene, ids)])),
  ...[churnEndpoints, sendInputs, pollALot, streamALot, dripBodies, churnTypes, churnOrders].map(
    (act) => act(scene),
  ),
  ...[tryKeys, visitPages, forgeNotifications, dripNotifications, plugIn].map((act) => act(scene)),
];

const counts = (): WorldCounts => ({
  asked: hostility.counts,
  called: peers.counts(),
  faults: Object.fromEntries(hostility.faults),
});

let ended: Promise<void> | undefined;

async function end(): Promise<void> {
  ending.abort();
  for (const leave of leaves) leave();
  for (const { close } of [tenant, payer, stranger]) close();
  await Promise.all(acts);
  const { key } = input.hostile;
  const remover = createAsk({ url, key, hostility, localAddress: addresses.tenant });
  await removeAll(remover.ask, await endpoints);
  remover.close();
}

const server = createServer((request, response) => {
  const say = () => response.end(JSON.stringify(counts()));
  if (request.url === '/counts') say();
  else void (ended ??= end()).then(say);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const name of ['SIGTERM', 'disconnect'] as const) process.on(name, () => process.exit(0));
