/** BENCH_PROFILE=<folder> leaves V8 CPU profiles of the measured processes there. */
export function profiling(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
