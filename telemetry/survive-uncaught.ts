import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './logger.ts';

/** A call to somebody outside, whose client's faults are that call's and not the process's. */
export type Outgoing = { kind: string; target: string };

const outgoings = new AsyncLocalStorage<Outgoing>();

/** Runs what calls outside, so that an error that its sockets and timers throw into the air is known by it. */
export function runOutgoing<T>(outgoing: Outgoing, run: () => T): T {
  return outgoings.run(outgoing, run);
}

export type Uncaught = { error: Error; origin: string; outgoing: Outgoing | undefined };

/** Hears what nobody caught, in this process or thread, and whose outgoing call it was. Returns what stops it. */
export function onUncaught(listener: (uncaught: Uncaught) => void): () => void {
  const hear = (reason: unknown, origin: string) => {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    // The store of whatever failed is still the current one here; test/unit/telemetry-survive-uncaught.test.ts.
    listener({ error, origin, outgoing: outgoings.getStore() });
  };
  const hearException = (error: Error) => hear(error, 'uncaughtException');
  const hearRejection = (reason: unknown) => hear(reason, 'unhandledRejection');
  process.on('uncaughtException', hearException);
  process.on('unhandledRejection', hearRejection);
  return () => {
    process.off('uncaughtException', hearException);
    process.off('unhandledRejection', hearRejection);
  };
}

/** EX_SOFTWARE of sysexits.h. */
const brokenExitCode = 70;

/**
 * Lets the process outlive errors of outgoing calls' clients. Any other error that nobody caught leaves it in a
 * state that nobody knows: it says so and ends, and whoever watches it starts another. Returns how many were outlived.
 */
export function surviveUncaught({ logger }: { logger: Logger }): { survived: () => number } {
  let survived = 0;
  onUncaught(({ error, origin, outgoing }) => {
    if (outgoing) {
      survived += 1;
      const fields = { event: 'process.uncaught', origin, ...outgoing, count: survived };
      logger.error({ ...fields, error }, 'an outgoing call threw an error that nobody caught');
      return;
    }
    // Whatever happens to the line, the process ends.
    try {
      logger.fatal({ event: 'process.uncaught', origin, error }, 'an error was not caught');
    } finally {
      logger.flush(() => process.exit(brokenExitCode));
      setTimeout(() => process.exit(brokenExitCode), 1_000);
    }
  });
  return { survived: () => survived };
}
