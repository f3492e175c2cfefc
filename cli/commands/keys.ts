import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { example } from '../help.ts';
import { printResult } from '../print-result.ts';
import { rotateKeys } from '../rotate-keys.ts';

export function registerKeysCommands(program: Command, context: CommandContext): void {
  const keys = program.command('keys').description('The keys in TENDER_SECRET_KEYS.');
  keys
    .command('rotate')
    .description('Encrypt every secret again with the first key of TENDER_SECRET_KEYS.')
    .addHelpText('after', example('keys rotate'))
    .action(async () => {
      // The rotation itself checks which processes run.
      const sealer = await context.openSealer({ hasNeighboursChecked: false });
      const rotation = await rotateKeys({ db: context.db, sealer }, { onProgress: printProgress });
      if (rotation.kind === 'refused') {
        throw new Error(`${rotation.reason}: ${JSON.stringify(rotation.processes)}`);
      }
      printResult(rotation);
    });
}

function printProgress(progress: object): void {
  process.stderr.write(`${JSON.stringify(progress)}\n`);
}
