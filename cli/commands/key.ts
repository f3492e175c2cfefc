import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { revokeApiKey } from '../../db/queries/merchants.ts';
import { isId } from '../../domain/ids.ts';
import type { Id } from '../../domain/ids.ts';
import type { CommandContext } from '../context.ts';
import { example } from '../help.ts';
import { createKey } from '../open-account.ts';
import { findKnownMerchant, merchantOption, parseFutureInstant } from '../options.ts';
import { printResult } from '../print-result.ts';

export function registerKeyCommands(program: Command, context: CommandContext): void {
  const key = program.command('key').description('API keys of merchants.');
  key
    .command('create')
    .description('Create an API key. It is printed once and stored as a hash only.')
    .addOption(merchantOption())
    .option('--expires <instant>', 'when the key expires; by default never', parseFutureInstant)
    .addHelpText('after', example('key create --merchant mer_… --expires 2027-01-01T00:00:00Z'))
    .action(async ({ merchant, expires }) => {
      const merchantId = await findKnownMerchant(context.db, merchant);
      const expiresAt = expires ?? null;
      const created = await createKey(context.db, { merchantId, expiresAt });
      printResult({ ...created, expiresAt });
    });
  key
    .command('revoke')
    .description('Revoke an API key. Processes refuse it within seconds.')
    .requiredOption('--key <id>', 'the id of the key, key_…', parseKeyId)
    .addHelpText('after', example('key revoke --key key_…'))
    .action(async ({ key: keyId }) => {
      if (!(await revokeApiKey(context.db, { keyId }))) {
        throw new Error(`--key: there is no valid key ${keyId}; it may be revoked already`);
      }
      printResult({ revoked: true });
    });
}

function parseKeyId(text: string): Id<'apiKey'> {
  const keyId = text.trim();
  if (!isId('apiKey', keyId)) throw new InvalidArgumentError('It must be the id key_… of a key.');
  return keyId;
}
