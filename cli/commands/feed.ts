import type { Command } from '@commander-js/extra-typings';
import { keepFeedEpochs } from '../../db/queries/feed-epochs.ts';
import { shards } from '../../orchestration/required-workflows.ts';
import type { CommandContext } from '../context.ts';
import { example } from '../help.ts';
import { printResult } from '../print-result.ts';

export function registerFeedCommands(program: Command, context: CommandContext): void {
  const feed = program.command('feed').description('The feed of events that merchants read.');
  feed
    .command('restored')
    .summary('Begin a new epoch of the feed after the database was restored.')
    .description(
      'Begin a new epoch of the feed. Run it after the database was restored, before Tender starts:\nreaders whose cursor is ahead of the restored database are then told where to restart.',
    )
    .addHelpText('after', example('feed restored'))
    .action(async () =>
      printResult(await keepFeedEpochs(context.db, { shards, isRestored: true })),
    );
}
