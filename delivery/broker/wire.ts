import type { BrokerMessage, BrokerTarget } from './publisher.ts';

/** Messages from the main thread to a thread of broker clients. */
export type ToThread =
  | {
      kind: 'publish';
      call: number;
      /** Identifies the endpoint in `signals`. */
      number: number;
      target: BrokerTarget;
      message: BrokerMessage;
    }
  | { kind: 'abort'; call: number; code: string; why: string }
  | { kind: 'close' };

/** Its answers. Errors are sent as code and text, because an `Error` loses its fields when posted. */
export type FromThread =
  | { kind: 'ready' }
  | { kind: 'settled'; call: number; refusal?: { code: string; why: string } }
  | { kind: 'closed' };

export type ThreadData = {
  allowPrivate: boolean;
  signals: Int32Array;
  /** The process's name servers; the system's if undefined. */
  nameServers: readonly string[] | undefined;
};

/**
 * The indices in `signals` of the thread's heartbeat counter, and of the endpoint whose bytes it last gave to a client.
 */
export const [lifeSignal, fedSignal, signalCount] = [0, 1, 2] as const;
