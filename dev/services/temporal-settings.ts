/**
 * What the development server is told beyond its defaults, as dynamic configuration.
 * Named here once, so that a measurement can point at a line.
 */
export const temporalServerSettings: Readonly<Record<string, number | boolean>> = {
  // How often a second the server looks at its queues. The default of 20 makes every workflow task of
  // a quiet system wait 35-40 ms; 2000 takes that away but costs 20 % of the throughput at saturation,
  // because small batches read more often. 200 waits 5 ms at most.
  'history.transferProcessorMaxPollRPS': 200,
  'history.timerProcessorMaxPollRPS': 200,

  // Limits that protect a shared cluster from one tenant. Here everything is one tenant, and a load
  // test would measure the limiter: requests a second, long calls at once, store accesses a second.
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

  // The server asks its makers for news of versions; ours is pinned, and machines without a way out
  // would log the failure.
  'frontend.enableServerVersionCheck': false,
};

/**
 * WAL keeps state across a kill -9. `NORMAL` syncs at checkpoints, not at each commit: the last moments
 * may be missing after a power cut (never after a killed process), and PostgreSQL, which does sync each
 * commit, holds the truth from which the sweep sets going what is missing. Each commit synced would bound
 * the whole server by the disk, as SQLite has one writer.
 */
export const sqlitePragmas: Readonly<Record<string, string>> = {
  journal_mode: 'WAL',
  synchronous: 'NORMAL',
};
