import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A fenced block of a page, in the order in which they stand. */
export type DocBlock = { file: string; line: number; language: string; text: string };

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

const markdownUnder = (folder: string) =>
  readdirSync(join(projectFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .toSorted();

const isTranslation = (file: string) => file.endsWith('.zh-CN.md');

/** README, CONTRIBUTING and every page under `docs/`; a translation has the blocks of its original. */
export function docFiles(): string[] {
  return ['README.md', 'CONTRIBUTING.md', ...markdownUnder('docs')].filter(
    (file) => !isTranslation(file),
  );
}

/** Every page of the repository that a person reads, translations and templates included. */
export function allPages(): string[] {
  const atTheTop = readdirSync(projectFolder).filter((file) => file.endsWith('.md'));
  return [...atTheTop.toSorted(), ...markdownUnder('docs'), ...markdownUnder('.github')];
}

/** Chinese pages with the page that each translates. */
export function translations(): { original: string; translation: string }[] {
  return allPages()
    .filter(isTranslation)
    .map((translation) => ({ translation, original: translation.replace('.zh-CN.md', '.md') }));
}

/** The page without its fenced blocks. */
export function proseOf(file: string): string {
  return readFileSync(join(projectFolder, file), 'utf8').replaceAll(/^(\s*)```[^]*?^\1```$/gm, '');
}

export function headingsOf(file: string): { level: number; text: string }[] {
  return [...proseOf(file).matchAll(/^(#{1,6}) (.+)$/gm)].map(([, marks = '', text = '']) => ({
    level: marks.length,
    text,
  }));
}

export function blocksOf(file: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  let open: (DocBlock & { indent: number }) | undefined;
  for (const [index, line] of readFileSync(join(projectFolder, file), 'utf8')
    .split('\n')
    .entries()) {
    const fence = /^(\s*)```(\S*)/.exec(line);
    if (fence && open) {
      const { indent: _, ...block } = open;
      blocks.push(block);
      open = undefined;
    } else if (fence) {
      const [, indent = '', language = ''] = fence;
      open = { file, line: index + 1, language, text: '', indent: indent.length };
    } else if (open) {
      open.text += `${line.slice(open.indent)}\n`;
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the block has no end`);
  return blocks;
}

/** The commands of a shell block: a quoted text or a `\` goes on in the next line; comments are left out. */
export function commandsOf(text: string): string[] {
  const commands: string[] = [];
  let command = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === "'" || char === '"') {
      quote = char;
    } else if (char === '\\' && text[at + 1] === '\n') {
      at += 1;
      continue;
    } else if (char === '#' && (command === '' || /\s$/.test(command))) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at += 1;
      continue;
    } else if (char === '\n') {
      if (command.trim()) commands.push(command.trim());
      command = '';
      continue;
    }
    command += char;
  }
  if (command.trim()) commands.push(command.trim());
  return commands;
}

/** Puts what is known in the place of `ord_…` and the like. Throws where something is not known. */
export function filled(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\b([a-z]+)_…/g, (placeholder, prefix: string) => {
    const value = known[prefix];
    if (value === undefined) throw new Error(`nothing is known for ${placeholder}`);
    return value;
  });
}
