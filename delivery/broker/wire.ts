import type { BrokerMessage, BrokerTarget } from './publisher.ts';

/** What the main thread tells a thread of brokers' clients. */
export type ToThread =
  | {
      kind: 'publish';
      call: number;
      /** By which the thread names the endpoint in `signals`. */
      number: number;
      target: BrokerTarget;
      message: BrokerMessage;
    }
  | { kind: 'abort'; call: number; code: string; why: string }
  | { kind: 'close' };

/** What it answers. Errors go as their word and their text: an `Error` loses its fields on the way. */
export type FromThread =
  | { kind: 'ready' }
  | { kind: 'settled'; call: number; refusal?: { code: string; why: string } }
  | { kind: 'closed' };

export type ThreadData = {
  allowPrivate: boolean;
  signals: Int32Array;
  /** Those that the process asks; the system's without it. */
  nameServers: readonly string[] | undefined;
};

/** Where in `signals` the thread counts its life, and names the endpoint whose bytes it last gave to a client. */
export const [lifeSignal, fedSignal, signalCount] = [0, 1, 2] as const;
