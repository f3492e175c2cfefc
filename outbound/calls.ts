import { AsyncLocalStorage } from 'node:async_hooks';
import type { Dispatcher } from 'undici';
import { DecoratorHandler } from 'undici';

/** The call, from dispatch to the last byte of the response, exceeded its deadline. */
export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';
  readonly code = 'TIMEOUT';
}

/** The caller no longer waits for the response. */
export class CallCancelled extends Error {
  override readonly name = 'CallCancelled';
  readonly code = 'CANCELLED';
}

/** No connection was established, so nothing of the request was sent. */
export class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';
}

const callers = new AsyncLocalStorage<AbortSignal>();

/** Runs `work`. Its outbound calls end and close their connections when `signal` aborts. */
export function cancelledBy<T>(signal: AbortSignal, work: () => T): T {
  return callers.run(signal, work);
}

/** Runs `work`. Its outbound calls continue when a caller leaves, because others wait for them too. */
export function cancelledByNobody<T>(work: () => T): T {
  return callers.exit(work);
}

/** The signal that ends the outbound calls of the current work. */
export function callersSignal(): AbortSignal | undefined {
  return callers.getStore();
}

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

/**
 * One call. Aborts, and frees its connection, at its deadline or when its caller leaves. A call that has no connection
 * yet fails with `ConnectFailed`, because nothing was sent.
 */
export class BoundedCall implements Handler {
  readonly #handler: Handler;
  readonly #calls: Calls | undefined;
  readonly #timer: NodeJS.Timeout;
  #controller: Controller | undefined;
  /** Set if the call was abandoned before it had a connection. */
  #abandoned: Error | undefined;
  /** Its index among its caller's calls. */
  index = 0;

  constructor(handler: Handler, { timeoutMs }: { timeoutMs: number }) {
    this.#handler = handler.onRequestStart ? handler : new DecoratorHandler(handler);
    this.#calls = callsOf(callersSignal());
    this.#calls?.add(this);
    const onTimeout = () =>
      this.breakOff(new CallTimeout(`no complete response within ${timeoutMs} ms`));
    this.#timer = setTimeout(onTimeout, timeoutMs);
  }

  breakOff(reason: Error): void {
    if (this.#controller) return this.#controller.abort(reason);
    const error = new ConnectFailed(`not connected: ${reason.message}`, { cause: reason });
    this.#abandoned = error;
    this.#end();
    this.#handler.onResponseError?.(noController, error);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#calls?.remove(this);
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    if (this.#abandoned) controller.abort(this.#abandoned);
    else this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart: NonNullable<Handler['onResponseStart']> = (...answer) =>
    this.#handler.onResponseStart?.(...answer);

  onResponseData: NonNullable<Handler['onResponseData']> = (...data) =>
    this.#handler.onResponseData?.(...data);

  onResponseEnd(
    controller: Controller,
    trailers: Parameters<NonNullable<Handler['onResponseEnd']>>[1],
  ): void {
    this.#end();
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#abandoned) return;
    this.#end();
    this.#handler.onResponseError?.(controller, error);
  }
}

/** For the handler of a call that never started. */
const noController: Controller = {
  aborted: true,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};

/**
 * A caller's calls. Each knows its index, so that removal needs no search: an EventTarget would scan all of its
 * listeners, and a set with thousands of insertions and removals costs V8 time.
 */
class Calls {
  readonly #all: BoundedCall[] = [];

  add(call: BoundedCall): void {
    call.index = this.#all.push(call) - 1;
  }

  remove(call: BoundedCall): void {
    const last = this.#all.pop();
    if (!last || last === call) return;
    this.#all[call.index] = last;
    last.index = call.index;
  }

  cancel(): void {
    for (const call of this.#all.slice()) call.breakOff(new CallCancelled('the caller left'));
  }
}

const bySignal = new WeakMap<AbortSignal, Calls>();

function callsOf(signal: AbortSignal | undefined): Calls | undefined {
  if (!signal) return undefined;
  const known = bySignal.get(signal);
  if (known) return known;
  const calls = new Calls();
  bySignal.set(signal, calls);
  signal.addEventListener('abort', () => calls.cancel(), { once: true });
  return calls;
}
