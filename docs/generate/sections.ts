import type { z } from 'zod';
import { createContext } from '../../cli/context.ts';
import { createProgram } from '../../cli/program.ts';
import { problemTypes } from '../../api/problems.ts';
import { environment } from '../../config/config.ts';
import { eventTypes } from '../../domain/events.ts';
import { rooms } from '../../lint/rooms.mjs';
import { describedApi } from '../../test/support/described.ts';
import { configurationHelp } from './configuration-help.ts';

/** What a page has between `<!-- generated: name -->` and `<!-- /generated -->`, by the page and the name. */
export const generatedSections: Record<string, Record<string, () => string>> = {
  'docs/explanation/architecture.md': { rooms: roomTable },
  'docs/reference/cli.md': { commands: commandTable },
  'docs/reference/problem-types.md': { 'problem-types': problemTable },
  'docs/reference/events.md': { 'event-types': eventTable },
  'docs/reference/api.md': { operations: operationTables },
  'docs/reference/configuration.md': { variables: configurationTable },
};

/** The page with its generated sections written anew. Throws where a section has no place in it. */
export function withSections(
  page: string,
  sections: Readonly<Record<string, () => string>>,
): string {
  return Object.entries(sections).reduce((text, [name, write]) => {
    const place = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- /generated -->)`);
    if (!place.test(text)) throw new Error(`the page has no place for ${name}`);
    return text.replace(place, (_, start: string, end: string) => `${start}\n${write()}\n\n${end}`);
  }, page);
}

const cell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function problemTable(): string {
  const rows = Object.entries(problemTypes)
    .map(([slug, { status, title, help }]) => ({ slug, status, title, help }))
    .toSorted((a, b) => a.status - b.status)
    .map(({ slug, status, title, help }) => [String(status), `\`${slug}\``, title, help]);
  return table(['status', 'type', 'title', 'what to do'], rows);
}

function eventTable(): string {
  return table(
    ['type', 'sent when'],
    Object.entries(eventTypes).map(([type, meaning]) => [`\`${type}\``, meaning]),
  );
}

function operationTables(): string {
  const { tags, paths } = describedApi() as unknown as {
    tags: { name: string }[];
    paths: Record<string, Record<string, { tags: string[]; summary: string; operationId: string }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  return tags
    .map(({ name }) => {
      const rows = operations
        .filter((operation) => operation.tags.includes(name))
        .map(({ path, method, summary, operationId }) => [
          `\`${method.toUpperCase()} ${path}\``,
          `\`${operationId}\``,
          summary,
        ]);
      return `### ${name}\n\n${table(['operation', 'id', 'what it does'], rows)}`;
    })
    .join('\n\n');
}

function configurationTable(): string {
  const rows = Object.entries(environment.shape).map(([name, schema]) => [
    `\`${name}\``,
    defaultOf(schema),
    configurationHelp[name as keyof typeof configurationHelp],
  ]);
  return table(['variable', 'default', 'meaning'], rows);
}

function defaultOf(schema: z.ZodType): string {
  const parsed = schema.safeParse(undefined);
  if (!parsed.success) return '**required**';
  return parsed.data === undefined ? '' : `\`${JSON.stringify(parsed.data).replaceAll('"', '')}\``;
}

function roomTable(): string {
  return table(
    ['folder', 'holds', 'may import'],
    Object.entries(rooms).map(([name, { holds, mayImport }]) => [
      `\`${name}/\``,
      holds,
      mayImport.length === 0 ? 'nothing' : mayImport.map((one) => `\`${one}/\``).join(', '),
    ]),
  );
}

function commandTable(): string {
  const rows = createProgram(createContext()).commands.flatMap((noun) =>
    noun
      .createHelp()
      .visibleCommands(noun)
      .filter((verb) => verb.name() !== 'help')
      .map((verb) => {
        const options = verb.options
          .filter(({ long, hidden }) => long !== '--help' && !hidden)
          .map(({ flags, mandatory }) => (mandatory ? `\`${flags}\`` : `\`[${flags}]\``));
        return [`\`${noun.name()} ${verb.name()}\``, options.join(' '), verb.description()];
      }),
  );
  return table(['command', 'options', 'what it does'], rows);
}
