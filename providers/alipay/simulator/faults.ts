import { z } from 'zod';

const callKinds = [
  /** Answered, but late. */
  'delay',
  /** Not executed; the socket hangs for `delayMs`, then breaks. */
  'timeoutBefore',
  /** Executed; the socket hangs for `delayMs`, then breaks. */
  'executedThenTimeout',
  /** Not executed; HTTP 500. */
  'http500',
  /** Not executed; a signed answer with code 20000. */
  'systemError',
  /** Executed; the answer is cut in half. */
  'malformed',
  /** Executed; the answer carries no sign. */
  'unsigned',
  /** Executed; the answer's sign is another one's. */
  'badSignature',
] as const;

const notifyKinds = [
  /** Sent late. */
  'delay',
  /** Sent twice at the same time. */
  'duplicate',
  /** This attempt is never sent, the ladder goes on. */
  'lost',
  /** No attempt is ever sent. */
  'lostForever',
  /** Correctly signed, with another total_amount. */
  'wrongAmount',
  /** Correctly signed, with another app_id. */
  'wrongApp',
  /** Correctly signed, with another seller_id. */
  'wrongSeller',
  /** With a signature that is not Alipay's. */
  'forged',
  /** Held back until a later notification was sent, for at most `delayMs`. */
  'reordered',
] as const;

export type CallKind = (typeof callKinds)[number];
export type NotifyKind = (typeof notifyKinds)[number];
export type CallVerb = 'precreate' | 'query' | 'close';

/** These wait, or are nothing. */
const defaultDelayMs: Readonly<Record<string, number>> = { delay: 1000, reordered: 1000 };

const faultSchema = z
  .object({
    method: z.enum(['precreate', 'query', 'close', 'notify']).optional(),
    outTradeNo: z.string().optional(),
    kind: z.enum([...callKinds, ...notifyKinds]),
    /** How often it strikes: once, or without end when a probability is given. */
    times: z.int().positive().optional(),
    /** Waited after it was executed or not, before anything is answered or sent. */
    delayMs: z.int().nonnegative().optional(),
    probability: z.number().min(0).max(1).optional(),
    seed: z.int().optional(),
  })
  .refine(
    ({ method, kind }) => !method || fits(method, kind),
    'this kind of fault does not fit the method',
  );

/** One fault, or several in the order in which they are tried. */
export const faultsSchema = z.union([faultSchema, z.array(faultSchema)]);
export type ScriptedFault = z.infer<typeof faultSchema>;

export type Strike<Kind> = { kind: Kind; delayMs: number };

export type FaultScript = {
  add(faults: ScriptedFault | ScriptedFault[]): void;
  clear(): void;
  /** The first fault that strikes this call, if any; it is used up by that. */
  takeForCall(method: CallVerb, outTradeNo: string): Strike<CallKind> | undefined;
  takeForNotify(outTradeNo: string): Strike<NotifyKind> | undefined;
};

export function createFaultScript(): FaultScript {
  let armed: { fault: ScriptedFault; timesLeft: number; draw: () => number }[] = [];

  function take<Kind extends string>(
    kinds: readonly Kind[],
    method: string,
    outTradeNo: string,
  ): Strike<Kind> | undefined {
    const hit = armed.find(
      ({ fault, draw }) =>
        (fault.method ?? method) === method &&
        isOneOf(kinds, fault.kind) &&
        (fault.outTradeNo ?? outTradeNo) === outTradeNo &&
        draw() < (fault.probability ?? 1),
    );
    if (!hit || !isOneOf(kinds, hit.fault.kind)) return undefined;
    hit.timesLeft -= 1;
    if (hit.timesLeft === 0) armed = armed.filter((other) => other !== hit);
    return {
      kind: hit.fault.kind,
      delayMs: hit.fault.delayMs ?? defaultDelayMs[hit.fault.kind] ?? 0,
    };
  }

  return {
    add(faults) {
      for (const fault of Array.isArray(faults) ? faults : [faults]) {
        const timesLeft =
          fault.times ?? (fault.probability === undefined ? 1 : Number.POSITIVE_INFINITY);
        armed.push({ fault, timesLeft, draw: mulberry32(fault.seed ?? 1) });
      }
    },
    clear() {
      armed = [];
    },
    takeForCall: (method, outTradeNo) => take(callKinds, method, outTradeNo),
    takeForNotify: (outTradeNo) => take(notifyKinds, 'notify', outTradeNo),
  };
}

/** A small seeded generator of numbers in [0, 1), so that a run can be repeated. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function fits(method: string, kind: string): boolean {
  return isOneOf(method === 'notify' ? notifyKinds : callKinds, kind);
}

function isOneOf<Kind extends string>(kinds: readonly Kind[], kind: string): kind is Kind {
  return (kinds as readonly string[]).includes(kind);
}
