/** Compares node_modules with package-lock.json. */
export function readInstallState(
  projectDir: string,
): 'fresh' | 'unstamped' | 'missing' | 'stale' | 'other-platform';

/** Installs the packages of package-lock.json if node_modules differs. */
export function ensureInstalled(input: {
  projectDir: string;
  log: (line: string) => void;
}): Promise<void>;
