/** Paths that contain a capability token. */
const secretSteps = [/^(\/+pay\/+)[^/]+/i, /^(\/+portal\/+enter\/+)[^/]+/i];

/** A path with its token masked, for log lines. Log lines use no other path: `test/unit/api-shown-path.test.ts`. */
export function shownPath({ path }: { path: string }): string {
  for (const step of secretSteps) {
    if (step.test(path)) return path.replace(step, '$1…');
  }
  return path;
}
