import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { example } from '../help.ts';
import { createMerchant } from '../open-account.ts';
import { parseText } from '../options.ts';
import { printResult } from '../print-result.ts';

export function registerMerchantCommands(program: Command, context: CommandContext): void {
  const merchant = program.command('merchant').description('Merchants of this Tender.');
  merchant
    .command('create')
    .description('Create a merchant.')
    .requiredOption('--name <name>', 'the display name', parseText)
    .addHelpText('after', example("merchant create --name 'Tea house'"))
    .action(async ({ name }) => printResult(await createMerchant(context.db, { name })));
}
