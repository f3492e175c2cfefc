import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenedMerchant } from '../chaos/accounts.ts';
import type { Seeded } from '../support/hostile/seeded.ts';
import type { Ask, Hostility } from './asking.ts';
import type { Peers } from './peers.ts';

/** What every hostile act has at hand. */
export type Scene = {
  url: string;
  hostile: OpenedMerchant;
  /** An account of the healthy merchant's, whose notifications' address is no secret. */
  healthyAccountId: string;
  peers: Peers;
  random: Seeded;
  hostility: Hostility;
  /** With the hostile tenant's key; as a payer; as somebody whom nobody knows. */
  tenant: Ask;
  payer: Ask;
  stranger: Ask;
  signal: AbortSignal;
  /** Undoes when the world ends; in the meantime it is kept as it is. */
  keep(leave: () => void): void;
};

/** Where each of them comes from. */
export const addresses = { tenant: '127.0.0.66', payer: '127.0.0.67', stranger: '127.0.0.68' };

/** Does something again and again until the world ends, at a rate that leaves the machine to others. */
export async function again(
  { signal }: Pick<Scene, 'signal'>,
  everyMs: number,
  act: (turn: number) => Promise<unknown>,
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    await act(turn);
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}

export const json = (value: unknown) => JSON.stringify(value);
