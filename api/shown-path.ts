/** The paths that carry a key: whoever has the link may do what it is for. */
const secretSteps = [/^(\/+pay\/+)[^/]+/i, /^(\/+portal\/+enter\/+)[^/]+/i];

/** A path as a log may show it. No log line is given another: `test/unit/api-shown-path.test.ts`. */
export function shownPath({ path }: { path: string }): string {
  for (const step of secretSteps) {
    if (step.test(path)) return path.replace(step, '$1…');
  }
  return path;
}
