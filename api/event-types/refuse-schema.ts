import { checkSchema } from '../../domain/event-schema.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { JsonProblem } from '../../domain/json-value.ts';
import type { Problem } from '../problems.ts';
import { refuseFields } from '../refuse-fields.ts';
import { tooBusy } from '../too-busy.ts';
import type { WorkerThreads } from '../worker-threads/worker-threads.ts';

const timeoutMs = 500;

/**
 * The problem of a schema that cannot be compiled, with the places in it; undefined if it can. A cheap check runs here
 * first; a thread compiles only what passes it.
 */
export async function refuseSchema(
  threads: WorkerThreads,
  { merchantId, schema }: { merchantId: MerchantId; schema: Record<string, unknown> },
): Promise<Problem | undefined> {
  const verdict = checkSchema(schema);
  if (verdict.kind === 'refused') return problemOf(verdict.problems);
  const input = { schema: JSON.stringify(schema), timeoutMs };
  const outcome = await threads.run(merchantId, 'compile', input);
  if (outcome.kind === 'busy') return tooBusy();
  if (outcome.kind === 'tooLarge') return problemOf([at('takes too much memory to be compiled')]);
  if (outcome.value === 'tooLong') {
    return problemOf([at(`takes longer than ${timeoutMs} ms to be compiled`)]);
  }
  return outcome.value.length > 0 ? problemOf(outcome.value) : undefined;
}

const at = (message: string): JsonProblem => ({ path: '', message });

function problemOf(problems: readonly JsonProblem[]): Problem {
  return refuseFields(
    problems.map(({ path, message }) => ({ in: 'body', field: `/schema${path}`, message })),
  );
}
