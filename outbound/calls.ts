import { AsyncLocalStorage } from 'node:async_hooks';
import type { Dispatcher } from 'undici';
import { DecoratorHandler } from 'undici';

/** The whole of a call, from its dispatch to the last byte of its answer, took too long. */
export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';
  readonly code = 'TIMEOUT';
}

/** Whoever wanted the answer has gone. */
export class CallCancelled extends Error {
  override readonly name = 'CallCancelled';
  readonly code = 'CANCELLED';
}

/** The connection never stood, so nothing of the request was sent. */
export class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';
}

const callers = new AsyncLocalStorage<AbortSignal>();

/** Runs `work`, all of whose calls out end at once when `signal` aborts: their connections are closed. */
export function cancelledBy<T>(signal: AbortSignal, work: () => T): T {
  return callers.run(signal, work);
}

/** Runs `work`, whose calls out go on whoever leaves: others wait for them too. */
export function cancelledByNobody<T>(work: () => T): T {
  return callers.exit(work);
}

/** What ends the calls out of the work that runs now. */
export function callersSignal(): AbortSignal | undefined {
  return callers.getStore();
}

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

/**
 * One call: breaks off, and frees its connection, when its time is over or its caller has gone. Of a call that has
 * not got a connection yet nothing was sent, and it says so.
 */
export class BoundedCall implements Handler {
  readonly #handler: Handler;
  readonly #calls: Calls | undefined;
  readonly #timer: NodeJS.Timeout;
  #controller: Controller | undefined;
  /** Why it was given up before it had a connection. */
  #givenUp: Error | undefined;
  /** Its place among its caller's. */
  index = 0;

  constructor(handler: Handler, { timeoutMs }: { timeoutMs: number }) {
    this.#handler = handler.onRequestStart ? handler : new DecoratorHandler(handler);
    this.#calls = callsOf(callersSignal());
    this.#calls?.add(this);
    const tooLate = () => this.breakOff(new CallTimeout(`no whole answer within ${timeoutMs} ms`));
    this.#timer = setTimeout(tooLate, timeoutMs);
  }

  breakOff(reason: Error): void {
    if (this.#controller) return this.#controller.abort(reason);
    const error = new ConnectFailed(`not connected: ${reason.message}`, { cause: reason });
    this.#givenUp = error;
    this.#end();
    this.#handler.onResponseError?.(noController, error);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#calls?.remove(this);
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    if (this.#givenUp) controller.abort(this.#givenUp);
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
    if (this.#givenUp) return;
    this.#end();
    this.#handler.onResponseError?.(controller, error);
  }
}

/** For a handler of a call that never began. */
const noController: Controller = {
  aborted: true,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};

/**
 * A caller's calls. Each knows its place, so that one is taken out without a search: an event target would go through
 * all of its listeners, and a set in which thousands come and go keeps V8 busy.
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
    for (const call of this.#all.slice()) call.breakOff(new CallCancelled('the caller has gone'));
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
