import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { insertProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createProvider } from '../../providers/create-provider.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions, unknownFieldOf } from '../../providers/registry.ts';
import { readAccountFile } from '../account-file.ts';
import { checkTerms } from '../account-terms.ts';
import type { CommandContext } from '../context.ts';
import { example } from '../help.ts';
import { createSandboxAccount } from '../open-account.ts';
import {
  findKnownMerchant,
  merchantOption,
  parseList,
  parseUrl,
  wholeNumberUpTo,
} from '../options.ts';
import { printResult } from '../print-result.ts';

const maxInteger = 2_147_483_647;
const parseInteger = wholeNumberUpTo(maxInteger);
const parseAmount = wholeNumberUpTo(Number.MAX_SAFE_INTEGER);

const providerOption = () =>
  new Option('--provider <name>', 'the payment provider')
    .choices(Object.keys(definitions) as ProviderName[])
    .makeOptionMandatory();

export function registerAccountCommands(program: Command, context: CommandContext): void {
  const account = program
    .command('account')
    .description("Merchants' accounts at payment providers.");
  account
    .command('fields')
    .description("Print a provider's required and optional account fields, and its methods.")
    .addOption(providerOption())
    .addHelpText('after', example('account fields --provider wechat-pay'))
    .action(({ provider }) => printFields(provider));
  registerCreate(account, context);
}

function printFields(provider: ProviderName): void {
  const { account, methods } = definitions[provider];
  printResult({ ...account, methods: Object.keys(methods) });
}

function registerCreate(account: Command, context: CommandContext): void {
  account
    .command('create')
    .summary('Give a merchant an account at a provider.')
    .description(
      `Give a merchant an account at a provider, from a file or at the provider's simulator.
The file is JSON, {"settings":{…},"credentials":{…}}, with the names that 'account fields' prints.
A value that begins with '@' is read from the file it names. Restrict access to these files.`,
    )
    .addOption(merchantOption())
    .addOption(providerOption())
    .option('--config <file>', 'the account fields')
    .addOption(
      new Option('--simulator <url>', "open it at the provider's simulator")
        .conflicts('config')
        .argParser(parseUrl),
    )
    .option('--priority <number>', 'accounts with a lower priority are tried first', parseInteger)
    .option('--weight <number>', 'its share among accounts of one priority', parseInteger)
    .option('--methods <a,b>', 'only these methods', parseList)
    .option('--currencies <CNY,USD>', 'only these currencies', parseList)
    .option('--least-minor <number>', 'only from this amount, in minor units', parseAmount)
    .option('--most-minor <number>', 'only up to this amount, in minor units', parseAmount)
    .addHelpText(
      'after',
      example('account create --merchant mer_… --provider alipay --config account.json'),
    )
    .action(async ({ merchant, provider, config, simulator, ...termOptions }) => {
      const source = config === undefined ? simulator : readAccountFile(config);
      if (source === undefined) {
        throw new Error("--config: is required, or --simulator for the provider's simulator");
      }
      const { db, publicUrl } = context;
      const merchantId = await findKnownMerchant(db, merchant);
      const deps = { db, sealer: await context.openSealer() };
      const terms = checkTerms(definitions[provider], termOptions);
      if (typeof source === 'string') {
        const input = { merchantId, provider, simulatorUrl: source, publicUrl, terms };
        return printResult(await createSandboxAccount(deps, input).catch(atSimulator(source)));
      }
      const unknown = unknownFieldOf(definitions[provider], source);
      if (unknown !== undefined) {
        throw new Error(
          `--config: ${provider} has no account field ${unknown}; 'account fields' prints those it has`,
        );
      }
      const input = { merchantId, provider, terms, ...source };
      // Creating the provider here refuses a wrong key now, not with the first payment.
      await createProvider(input);
      const { id } = await insertProviderAccount(deps, input);
      printResult({ accountId: id, notifyUrl: `${publicUrl}/providers/${id}/notifications` });
    });
}

/** A connection error says only "fetch failed". */
function atSimulator(url: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof TypeError)) throw error;
    throw new Error(`--simulator: no simulator answers at ${url}`, { cause: error });
  };
}
