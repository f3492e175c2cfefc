import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

/** Host names in lower case with their addresses; they need no name server. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

const rereadEveryMs = 5_000;
const largestBytes = 1024 * 1024;

export const systemHostsPath =
  process.platform === 'win32' ? String.raw`C:\Windows\System32\drivers\etc\hosts` : '/etc/hosts';

/** Parses a hosts file (hosts(5)): an address, then its names; `#` begins a comment. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      hosts.set(key, [...(hosts.get(key) ?? []), address]);
    }
  }
  return hosts;
}

/** Reads a file again when its modification time changes, checked at most every 5 s; '' if the file does not exist. */
export function followFile(path: string): () => Promise<{ text: string; hasChanged: boolean }> {
  let text = '';
  let version = '';
  let nextCheckMs = 0;

  return async () => {
    if (Date.now() < nextCheckMs) return { text, hasChanged: false };
    nextCheckMs = Date.now() + rereadEveryMs;
    const before = version;
    try {
      const { mtimeMs, size, ino } = await stat(path);
      version = `${mtimeMs} ${size} ${ino}`;
      if (version !== before) text = size > largestBytes ? '' : await readFile(path, 'utf8');
    } catch {
      version = '';
      text = '';
    }
    return { text, hasChanged: version !== before };
  };
}
