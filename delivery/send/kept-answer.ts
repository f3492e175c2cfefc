import type { Dispatcher } from 'undici';

/** How much of an answer's body is kept. */
export const keptChars = 1_024;
const most = 20;
const longestChars = 256;
const totalChars = 4_096;

/** The beginning of what was answered, as PostgreSQL's text can hold it. */
export function keptText(text: string, mostChars = keptChars): string {
  return text.slice(0, mostChars).replaceAll('\0', '');
}

/** The first headers of an answer, for a person who looks why it failed; never a cookie. */
export function keptHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const kept: [string, string][] = [];
  let chars = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith('set-cookie')) continue;
    const text = readable(Array.isArray(value) ? value.join(', ') : value);
    chars += name.length + text.length;
    if (kept.length === most || chars > totalChars) break;
    kept.push([name, text]);
  }
  // Makes `__proto__` a header like any other.
  return Object.fromEntries(kept);
}

/** Bytes beyond ASCII come as Latin-1, whatever they were meant to be. */
function readable(text: string): string {
  return text.slice(0, longestChars).replaceAll(/[^\t\x20-\x7e]/g, '?');
}
