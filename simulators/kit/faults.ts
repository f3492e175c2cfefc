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
  /** The response is late. */
  'delay',
  /** Not executed; the connection hangs for `delayMs`, then closes. */
  'timeoutBefore',
  /** Executed; the connection hangs for `delayMs`, then closes. */
  'executedThenTimeout',
  /** Not executed; HTTP 500. */
  'http500',
  /** Not executed; 429 or the provider's own code. */
  'rateLimited',
  /** Not executed; the provider's own code for an unknown error. */
  'systemError',
  /** Not executed; the response has `code` and the HTTP `status`. */
  'refused',
  /** Executed; the response is cut in half. */
  'malformed',
  /** Executed; the response has no signature. */
  'unsigned',
  /** Executed; the response has the signature of another response. */
  'badSignature',
] as const;

export const notifyKinds = [
  /** Sent late. */
  'delay',
  /** Sent twice at the same time. */
  'duplicate',
  /** This attempt is not sent; retries continue. */
  'lost',
  /** No attempt is ever sent. */
  'lostForever',
  /** Correctly signed, but with another amount. */
  'wrongAmount',
  /** Correctly signed, but for another application. */
  'wrongApp',
  /** Correctly signed, but for another seller. */
  'wrongSeller',
  /** With an invalid signature. */
  'forged',
  /** Held back until a later notification is sent, for at most `delayMs`. */
  'reordered',
  /** Sent, and after `delayMs` again with a signature too old for any tolerance. */
  'replayed',
] as const;

export type Call = (typeof calls)[number];
export type CallKind = (typeof callKinds)[number];
export type NotifyKind = (typeof notifyKinds)[number];
/** `bounce`: a refund is accepted as pending and then fails. */
export type FaultKind = CallKind | NotifyKind | 'bounce';

const unexecutedKinds: ReadonlySet<CallKind> = new Set([
  'timeoutBefore',
  'http500',
  'rateLimited',
  'systemError',
  'refused',
]);

/** True if a call with this fault is still executed. */
export function isExecuted(activeFault: ActiveFault<CallKind> | undefined): boolean {
  return !activeFault || !unexecutedKinds.has(activeFault.kind);
}

/** Default delays of the faults that need one. */
const defaultDelayMs: Readonly<Record<string, number>> = { delay: 1000, reordered: 1000 };

const faultSchema = z
  .object({
    call: z.enum([...calls, 'notify']).optional(),
    kind: z.enum([...new Set([...callKinds, ...notifyKinds]), 'bounce']),
    outTradeNo: z.string().optional(),
    account: z.string().optional(),
    /** How often the fault applies: by default once, or always with a probability. */
    times: z.int().positive().optional(),
    /** The delay before the response or the notification, after any execution. */
    delayMs: z.int().nonnegative().optional(),
    /** The provider's own code for `refused`. */
    code: z.string().optional(),
    status: z.int().min(400).max(599).optional(),
    probability: z.number().min(0).max(1).optional(),
    seed: z.int().optional(),
  })
  .refine(({ call, kind }) => !call || fits(call, kind), 'this kind of fault does not fit the call')
  .refine(
    ({ kind, code }) => (kind === 'refused') === (code !== undefined),
    'refused needs a code',
  );

export type ScriptedFault = z.infer<typeof faultSchema>;

/** One fault, or several in the order in which they are matched; refuses kinds that do not apply to the provider. */
export function faultsSchema(unfit: readonly FaultKind[]) {
  const fitting = faultSchema.refine(
    ({ kind }) => !unfit.includes(kind),
    'this provider has no such fault',
  );
  return z.union([fitting, z.array(fitting)]);
}

export type ActiveFault<Kind> = { kind: Kind; delayMs: number; code?: string; status?: number };
export type Target = { account: string; outTradeNo: string };

export type FaultScript = {
  add(faults: ScriptedFault | ScriptedFault[]): void;
  list(): ScriptedFault[];
  clear(): void;
  /** Consumes and returns the first fault that matches this call. */
  takeForCall(call: Call, target: Target): ActiveFault<CallKind> | undefined;
  takeForNotify(target: Target): ActiveFault<NotifyKind> | undefined;
  /** Consumes and returns a `bounce` fault for this refund. */
  takeBounce(target: Target): ActiveFault<'bounce'> | undefined;
};

export function createFaultScript(): FaultScript {
  let armed: { fault: ScriptedFault; timesLeft: number; draw: () => number }[] = [];

  function take<Kind extends string>(
    kinds: readonly Kind[],
    call: Call | 'notify',
    { account, outTradeNo }: Target,
  ): ActiveFault<Kind> | undefined {
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
