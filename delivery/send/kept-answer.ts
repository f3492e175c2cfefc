import type { Dispatcher } from 'undici';

/** How much of an answer's body is stored. */
export const keptChars = 1_024;
const most = 20;
const longestChars = 256;
const totalChars = 4_096;

/** The beginning of an answer, without characters that PostgreSQL's text cannot store. */
export function keptText(text: string, mostChars = keptChars): string {
  return text.slice(0, mostChars).replaceAll('\0', '');
}

/** The first headers of an answer, for a person who examines a failure; never cookies. */
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
  // Makes `__proto__` an ordinary field.
  return Object.fromEntries(kept);
}

/** Bytes beyond ASCII arrive as Latin-1, whatever their encoding was. */
function readable(text: string): string {
  return text.slice(0, longestChars).replaceAll(/[^\t\x20-\x7e]/g, '?');
}
