import type { Database } from '../../db/database.ts';
import { recordAttempts } from '../../db/queries/record-attempts.ts';
import type { AttemptOutcome, ClosedAs } from '../../db/queries/record-attempts.ts';
import type { EndpointId } from '../../domain/ids.ts';

const writeLimit = 200;
// Outcomes are not urgent: those that arrive in time are written with their delivery. For slow endpoints a short delay
// combines many into one statement.
const batchDelayMs = 100;

export type Outcomes = {
  add(outcome: AttemptOutcome): void;
  /** Resolves when everything added is written. */
  flush(): Promise<void>;
};

/** Writes outcomes in batches, one at a time, so that batches grow with the load. */
export function createOutcomes(input: {
  db: Database;
  /** Resolves when the deliveries of these outcomes are in the database. */
  settled: (outcomes: readonly AttemptOutcome[]) => Promise<void>;
  closedAs: ClosedAs;
  onWritten: (outcomes: readonly AttemptOutcome[]) => void;
  onFailing: (endpointIds: readonly EndpointId[]) => void;
  onDisabled: (endpointIds: readonly EndpointId[]) => void;
  onError: (error: unknown) => void;
}): Outcomes {
  let finished: AttemptOutcome[] = [];
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function writeAll(): Promise<void> {
    while (finished.length > 0) {
      const batch = finished;
      finished = [];
      await input.settled(batch);
      const { retrying, disabled } = await recordAttempts(input.db, {
        outcomes: batch,
        closedAs: input.closedAs,
      });
      if (retrying.length > 0) input.onFailing(retrying);
      if (disabled.length > 0) input.onDisabled(disabled);
      input.onWritten(batch);
    }
  }

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeAll()
      .catch(input.onError)
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  return {
    add(outcome) {
      finished.push(outcome);
      if (finished.length >= writeLimit) void write();
      else timer ??= setTimeout(() => void write(), batchDelayMs);
    },
    flush: write,
  };
}
