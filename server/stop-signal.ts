/** Resolves when this process must stop: SIGTERM, SIGINT, or the end of the parent process. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(name, resolve);
  });
}
