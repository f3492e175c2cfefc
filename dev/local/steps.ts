export type Steps = {
  /** Runs one step, shows its duration, and records it for the summary. */
  run<T>(name: string, step: (show: (detail: string) => void) => Promise<T>): Promise<T>;
  log(line: string): void;
  /** Milliseconds by step. */
  timingsMs: Record<string, number>;
};

/** Shows progress on a stream: one line per step with its time, rewritten in place on a terminal. */
export function createSteps({ stream }: { stream: NodeJS.WriteStream }): Steps {
  const timingsMs: Record<string, number> = {};
  const rewrite = (line: string) => {
    if (stream.isTTY) stream.write(`\r\u001B[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
  };
  return {
    timingsMs,
    log: (line) => void stream.write(`${line}\n`),
    async run(name, step) {
      const startedMs = performance.now();
      rewrite(`  … ${name}`);
      let shown = name;
      const result = await step((detail) => {
        shown = `${name}: ${detail}`;
        rewrite(`  … ${shown}`);
      });
      const ms = Math.round(performance.now() - startedMs);
      timingsMs[name] = ms;
      rewrite('');
      stream.write(`  ✓ ${shown.padEnd(62)} ${(ms / 1_000).toFixed(2).padStart(6)} s\n`);
      return result;
    },
  };
}
