import { z } from 'zod';
import { mulberry32 } from './random.ts';

export const calls = [
  'create',
  'query',
  'capture',
  'close',
  'cancel',
  'refund',
  'queryRefund',
  'statement',
] as const;

export const callKinds = [
  /** Answered, but late. */
  'delay',
  /** Not executed; the socket hangs for `delayMs`, then breaks. */
  'timeoutBefore',
  /** Executed; the socket hangs for `delayMs`, then breaks. */
  'executedThenTimeout',
  /** Not executed; HTTP 500. */
  'http500',
  /** Not executed; 429 or the provider's own word for it. */
  'rateLimited',
  /** Not executed; the provider's own word for "unknown". */
  'systemError',
  /** Not executed; answered with `code`, under the HTTP `status` that goes with it. */
  'refused',
  /** Executed; the answer is cut in half. */
  'malformed',
  /** Executed; the answer carries no signature. */
  'unsigned',
  /** Executed; the answer's signature is another one's. */
  'badSignature',
] as const;

export const notifyKinds = [
  /** Sent late. */
  'delay',
  /** Sent twice at the same time. */
  'duplicate',
  /** This attempt is never sent, the ladder goes on. */
  'lost',
  /** No attempt is ever sent. */
  'lostForever',
  /** Correctly signed, with another amount. */
  'wrongAmount',
  /** Correctly signed, for another application. */
  'wrongApp',
  /** Correctly signed, for another seller. */
  'wrongSeller',
  /** With a signature that is not the provider's. */
  'forged',
  /** Held back until a later notification was sent, for at most `delayMs`. */
  'reordered',
  /** Sent, and after `delayMs` again as it was signed long ago, beyond any tolerance. */
  'replayed',
] as const;

export type Call = (typeof calls)[number];
export type CallKind = (typeof callKinds)[number];
export type NotifyKind = (typeof notifyKinds)[number];
/** `bounce`, of a refund: accepted as pending, then it comes back. */
export type FaultKind = CallKind | NotifyKind | 'bounce';

const unexecutedKinds: ReadonlySet<CallKind> = new Set([
  'timeoutBefore',
  'http500',
  'rateLimited',
  'systemError',
  'refused',
]);

/** Whether the call struck by it still does its work. */
export function isExecuted(strike: Strike<CallKind> | undefined): boolean {
  return !strike || !unexecutedKinds.has(strike.kind);
}

/** These wait, or are nothing. */
const defaultDelayMs: Readonly<Record<string, number>> = { delay: 1000, reordered: 1000 };

const faultSchema = z
  .object({
    call: z.enum([...calls, 'notify']).optional(),
    kind: z.enum([...new Set([...callKinds, ...notifyKinds]), 'bounce']),
    outTradeNo: z.string().optional(),
    account: z.string().optional(),
    /** How often it strikes: once, or without end when a probability is given. */
    times: z.int().positive().optional(),
    /** Waited after it was executed or not, before anything is answered or sent. */
    delayMs: z.int().nonnegative().optional(),
    /** The provider's own code, of `refused`. */
    code: z.string().optional(),
    status: z.int().min(400).max(599).optional(),
    probability: z.number().min(0).max(1).optional(),
    seed: z.int().optional(),
  })
  .refine(({ call, kind }) => !call || fits(call, kind), 'this kind of fault does not fit the call')
  .refine(({ kind, code }) => (kind === 'refused') === (code !== undefined), 'refused has a code');

export type ScriptedFault = z.infer<typeof faultSchema>;

/** One fault, or several in the order in which they are tried; kinds the provider cannot show are refused. */
export function faultsSchema(unfit: readonly FaultKind[]) {
  const fitting = faultSchema.refine(
    ({ kind }) => !unfit.includes(kind),
    'this provider has no such fault',
  );
  return z.union([fitting, z.array(fitting)]);
}

export type Strike<Kind> = { kind: Kind; delayMs: number; code?: string; status?: number };
export type Target = { account: string; outTradeNo: string };

export type FaultScript = {
  add(faults: ScriptedFault | ScriptedFault[]): void;
  list(): ScriptedFault[];
  clear(): void;
  /** The first fault that strikes this call, if any; it is used up by that. */
  takeForCall(call: Call, target: Target): Strike<CallKind> | undefined;
  takeForNotify(target: Target): Strike<NotifyKind> | undefined;
  /** Whether this refund is to bounce. */
  takeBounce(target: Target): Strike<'bounce'> | undefined;
};

export function createFaultScript(): FaultScript {
  let armed: { fault: ScriptedFault; timesLeft: number; draw: () => number }[] = [];

  function take<Kind extends string>(
    kinds: readonly Kind[],
    call: Call | 'notify',
    { account, outTradeNo }: Target,
  ): Strike<Kind> | undefined {
    const hit = armed.find(
      ({ fault, draw }) =>
        (fault.call ?? call) === call &&
        isOneOf(kinds, fault.kind) &&
        (fault.outTradeNo ?? outTradeNo) === outTradeNo &&
        (fault.account ?? account) === account &&
        draw() < (fault.probability ?? 1),
    );
    if (!hit || !isOneOf(kinds, hit.fault.kind)) return undefined;
    hit.timesLeft -= 1;
    if (hit.timesLeft === 0) armed = armed.filter((other) => other !== hit);
    const { kind, delayMs = defaultDelayMs[kind] ?? 0 } = hit.fault;
    const { code, status } = hit.fault;
    return { kind, delayMs, ...(code !== undefined && { code }), ...(status && { status }) };
  }

  return {
    add(faults) {
      for (const fault of Array.isArray(faults) ? faults : [faults]) {
        const timesLeft =
          fault.times ?? (fault.probability === undefined ? 1 : Number.POSITIVE_INFINITY);
        armed.push({ fault, timesLeft, draw: mulberry32(fault.seed ?? 1) });
      }
    },
    list: () => armed.map(({ fault }) => fault),
    clear() {
      armed = [];
    },
    takeForCall: (call, target) => take(callKinds, call, target),
    takeForNotify: (target) => take(notifyKinds, 'notify', target),
    takeBounce: (target) => take(['bounce'] as const, 'refund', target),
  };
}

function fits(call: string, kind: string): boolean {
  if (kind === 'bounce') return call === 'refund';
  return isOneOf(call === 'notify' ? notifyKinds : callKinds, kind);
}

function isOneOf<Kind extends string>(kinds: readonly Kind[], kind: string): kind is Kind {
  return (kinds as readonly string[]).includes(kind);
}
