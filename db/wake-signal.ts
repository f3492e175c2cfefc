/** A latch: `signal` ends the current wait, or the next one if none is waiting. */
export type WakeSignal = { signal(): void; wait(timeoutMs: number): Promise<void> };

export function createWakeSignal(): WakeSignal {
  let isOpen = false;
  let release: (() => void) | undefined;
  return {
    signal() {
      isOpen = true;
      release?.();
    },
    async wait(timeoutMs) {
      if (!isOpen) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          release = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isOpen = false;
      release = undefined;
    },
  };
}
