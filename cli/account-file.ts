import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readJson } from '../domain/read-json.ts';
import type { AccountFields } from '../providers/definition.ts';

const fieldsSchema = z.strictObject({
  settings: z.record(z.string(), z.string()),
  credentials: z.record(z.string(), z.string()),
});

/** The account fields in a JSON file. A value that begins with `@` is read from the file it names. */
export function readAccountFile(path: string): AccountFields {
  const reading = readJson(readText(path));
  if (reading.kind === 'malformed') throw new Error(`--config: ${reading.reason}`);
  if (reading.kind === 'refused') {
    throw new Error(`--config: ${reading.problem.path} ${reading.problem.message}`);
  }
  const parsed = fieldsSchema.safeParse(reading.value);
  if (!parsed.success) throw new Error(`--config: ${z.prettifyError(parsed.error)}`);
  const { settings, credentials } = parsed.data;
  return { settings: readNamedFiles(settings), credentials: readNamedFiles(credentials) };
}

function readNamedFiles(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value.startsWith('@') ? readText(value.slice(1)).trim() : value,
    ]),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--config: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}
