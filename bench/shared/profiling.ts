/** Node's options to write V8 CPU profiles of the measured processes to the folder in BENCH_PROFILE. */
export function profiling(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
