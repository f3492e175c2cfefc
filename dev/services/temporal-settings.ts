/**
 * The development server's dynamic configuration, where it differs from the defaults.
 */
export const temporalServerSettings: Readonly<Record<string, number | boolean>> = {
  // Queue polls per second. With the default of 20 every workflow task of an idle system waits 35-40 ms; 2000 costs 20 %
  // of the throughput at saturation, because smaller batches are read more often. With 200 a task waits 5 ms at most.
  'history.transferProcessorMaxPollRPS': 200,
  'history.timerProcessorMaxPollRPS': 200,

  // Limits that protect a shared cluster from one tenant: requests per second, concurrent long polls, store accesses per
  // second. This server has one tenant, and a load test would measure the limiter.
  'frontend.rps': 100_000,
  'frontend.namespaceRPS': 100_000,
  'frontend.namespaceRPS.visibility': 10_000,
  'frontend.namespaceRPS.namespaceReplicationInducingAPIs': 10_000,
  'frontend.rps.namespaceReplicationInducingAPIs': 10_000,
  'frontend.namespaceCount': 50_000,
  'frontend.persistenceMaxQPS': 100_000,
  'history.rps': 100_000,
  'history.persistenceMaxQPS': 100_000,
  'matching.rps': 100_000,
  'matching.persistenceMaxQPS': 100_000,
  'system.visibilityPersistenceMaxReadQPS': 100_000,
  'system.visibilityPersistenceMaxWriteQPS': 100_000,

  // Off, because our version is pinned and a machine without internet would log the failed check.
  'frontend.enableServerVersionCheck': false,
};

/**
 * WAL keeps state across a kill -9. `NORMAL` syncs at checkpoints, not at each commit: after a power cut (never after a
 * killed process) the last commits may be missing. PostgreSQL syncs each commit and is the system of record, from which
 * missing workflows are started again. SQLite has one writer: a sync for each commit would bound the server by the disk.
 */
export const sqlitePragmas: Readonly<Record<string, string>> = {
  journal_mode: 'WAL',
  synchronous: 'NORMAL',
};
