import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './logger.ts';

/** A call to an external system. Its client's uncaught errors end the call, not the process. */
export type Outgoing = { kind: string; target: string };

const outgoings = new AsyncLocalStorage<Outgoing>();

/** Runs an outgoing call, so that an uncaught error of its sockets or timers is attributed to it. */
export function runOutgoing<T>(outgoing: Outgoing, run: () => T): T {
  return outgoings.run(outgoing, run);
}

export type Uncaught = { error: Error; origin: string; outgoing: Outgoing | undefined };

/**
 * Calls `listener` for each uncaught error of this process or thread, with its outgoing call. Returns a function that
 * removes the listener.
 */
export function onUncaught(listener: (uncaught: Uncaught) => void): () => void {
  const report = (reason: unknown, origin: string) => {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    // The failed call's store is still current here; test/unit/telemetry-survive-uncaught.test.ts.
    listener({ error, origin, outgoing: outgoings.getStore() });
  };
  const onException = (error: Error) => report(error, 'uncaughtException');
  const onRejection = (reason: unknown) => report(reason, 'unhandledRejection');
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}

/** EX_SOFTWARE of sysexits.h. */
const brokenExitCode = 70;

/**
 * Keeps the process alive after an uncaught error of an outgoing call's client. After any other uncaught error the
 * process state is unknown: it logs the error and exits with 70, for its supervisor to restart it. Returns the number
 * of survived errors.
 */
export function surviveUncaught({ logger }: { logger: Logger }): { survived: () => number } {
  let survived = 0;
  onUncaught(({ error, origin, outgoing }) => {
    if (outgoing) {
      survived += 1;
      const fields = { event: 'process.uncaught', origin, ...outgoing, count: survived };
      logger.error({ ...fields, error }, 'an outgoing call threw an uncaught error');
      return;
    }
    // The process exits even if the line cannot be written.
    try {
      logger.fatal(
        { event: 'process.uncaught', origin, error },
        'uncaught error; the process exits',
      );
    } finally {
      logger.flush(() => process.exit(brokenExitCode));
      setTimeout(() => process.exit(brokenExitCode), 1_000);
    }
  });
  return { survived: () => survived };
}
