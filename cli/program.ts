import { Command } from '@commander-js/extra-typings';
import packageJson from '../package.json' with { type: 'json' };
import { registerAccountCommands } from './commands/account.ts';
import { registerFeedCommands } from './commands/feed.ts';
import { registerKeyCommands } from './commands/key.ts';
import { registerKeysCommands } from './commands/keys.ts';
import { registerMerchantCommands } from './commands/merchant.ts';
import type { CommandContext } from './context.ts';
import { toOneLine } from './error-line.ts';
import { example } from './help.ts';

/** The `tender` command with everything below it. It throws a `CommanderError` where commander would exit. */
export function createProgram(context: CommandContext): Command {
  const program = new Command()
    .name('npm run tender --')
    .description(
      'Operate a Tender: merchants, API keys, provider accounts, secrets.\nPrints JSON. Reads DATABASE_URL, TENDER_SECRET_KEYS and TENDER_PUBLIC_URL, or else the environment of the last npm start here.',
    )
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      outputError: (message, write) => write(`${toUsageLine(message)}\n`),
    })
    .addHelpText('after', example("merchant create --name 'Tea house'"));
  registerMerchantCommands(program, context);
  registerKeyCommands(program, context);
  registerKeysCommands(program, context);
  registerAccountCommands(program, context);
  registerFeedCommands(program, context);
  return program;
}

/** commander's message on one line, without its prefix, and with a hint at --help. */
function toUsageLine(message: string): string {
  return `${toOneLine(message)
    .replace(/^error: /, '')
    .replace(/\.$/, '')}; add --help for usage`;
}
