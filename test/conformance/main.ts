/**
 * `npm run conformance -- <provider> [--json]`: runs the suite every provider has to pass against its
 * simulator, case by case. Exit 1 when one fails.
 */
import { parseArgs } from 'node:util';
import { definitions, findDefinition } from '../../providers/registry.ts';
import { conformanceCases } from './cases.ts';
import { openScene } from './scene.ts';

type Result = { name: string; outcome: 'passed' | 'failed' | 'not applicable'; error?: string };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const definition = findDefinition(positionals[0] ?? '');
if (!definition) {
  process.stderr.write(`Which provider? One of: ${Object.keys(definitions).join(', ')}\n`);
  process.exit(2);
}

const startedMs = Date.now();
const results: Result[] = [];
const scene = await openScene(definition.name);
for (const { name, isFor, run } of conformanceCases) {
  const result: Result = { name, outcome: 'passed' };
  if (isFor && !isFor(scene.profile, definition.name)) result.outcome = 'not applicable';
  else {
    await run(scene).catch((error: unknown) => {
      result.outcome = 'failed';
      result.error = error instanceof Error ? error.message : String(error);
    });
  }
  results.push(result);
  const mark = { passed: '✓', failed: '×', 'not applicable': '-' }[result.outcome];
  process.stderr.write(`  ${mark} ${name}${result.error ? `\n      ${result.error}` : ''}\n`);
}
await scene.close();

const count = (outcome: Result['outcome']) =>
  results.filter((result) => result.outcome === outcome).length;
const summary = {
  ok: count('failed') === 0,
  provider: definition.name,
  passed: count('passed'),
  failed: count('failed'),
  notApplicable: count('not applicable'),
  seconds: (Date.now() - startedMs) / 1_000,
  cases: results,
};
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
else process.stdout.write(`${summary.passed} passed, ${summary.failed} failed\n`);
process.exit(summary.ok ? 0 : 1);
