import { expect, test } from 'vitest';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { createContext } from '../../cli/context.ts';
import { createProgram } from '../../cli/program.ts';

const program = createProgram(createContext());
const withDescendants = (command: CommandUnknownOpts): CommandUnknownOpts[] => [
  command,
  ...command.commands.flatMap(withDescendants),
];
const commands = withDescendants(program);
const verbs = commands.filter(({ commands }) => commands.length === 0);

function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: CommandUnknownOpts): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

test('the commands are those of the reference', () => {
  expect(verbs.map(pathOf)).toEqual(
    [
      ...['merchant create', 'key create', 'key revoke', 'keys rotate'],
      ...['account fields', 'account create', 'feed restored'],
    ].map((path) => `npm run tender -- ${path}`),
  );
  expect(helpOf(program)).toContain('feed');
});

test.each(commands.map((command) => [pathOf(command), command] as const))(
  '%s has a description in its help',
  (path, command) => {
    expect(helpOf(command)).toContain(path);
    expect(command.description()).not.toBe('');
  },
);

test.each(verbs.map((verb) => [pathOf(verb), verb] as const))(
  '%s ends its help with an example of itself',
  (path, verb) => {
    expect(helpOf(verb).split('Example:')[1]).toContain(path);
  },
);
