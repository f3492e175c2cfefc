/** A latch: whoever waits goes on when it is opened, also when that happened just before. */
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
