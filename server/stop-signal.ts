/** Resolves when this process is to stop: SIGTERM, SIGINT, or the end of the process that started it. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, resolve);
  });
}
