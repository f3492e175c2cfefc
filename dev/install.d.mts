/** What stands in node_modules, held against package-lock.json. */
export function readInstallState(
  projectDir: string,
): 'fresh' | 'unstamped' | 'missing' | 'stale' | 'other-platform';

/** Makes node_modules what package-lock.json says. */
export function ensureInstalled(input: {
  projectDir: string;
  say: (line: string) => void;
}): Promise<void>;
