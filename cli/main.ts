/**
 * `npm run tender -- <noun> <verb> …`: the operator's command. A command prints its result as JSON on stdout and
 * exits with 0; on an error it prints one line on stderr and exits with 2.
 */
import { CommanderError } from '@commander-js/extra-typings';
import { createContext } from './context.ts';
import { errorLine } from './error-line.ts';
import { createProgram } from './program.ts';

const context = createContext();
try {
  await createProgram(context).parseAsync();
} catch (error) {
  // commander has printed its own message, help or version already.
  const isPrinted = error instanceof CommanderError;
  if (!isPrinted) process.stderr.write(`${errorLine(error)}\n`);
  process.exitCode = isPrinted && error.exitCode === 0 ? 0 : 2;
} finally {
  await context.close();
}
