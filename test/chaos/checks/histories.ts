import { readFile } from 'node:fs/promises';
import { Worker } from '@temporalio/worker';
import { createLogger } from '../../../telemetry/logger.ts';
import { installRuntime } from '../../../worker/install-runtime.ts';
import type { Evidence, Findings } from '../evidence.ts';
import { withTemporal } from '../quiet.ts';
import type { Verdicts } from './verdicts.ts';

const samples: Readonly<Record<string, number>> = {
  payOrder: 60,
  refundPayment: 40,
  settleLate: 20,
  deliverToEndpoint: 5,
  reconcileStatement: 6,
  sweep: 1,
  dispatchEvents: 4,
  keepSchedules: 1,
};

async function readHistories(evidence: Evidence) {
  return withTemporal(evidence, async (client) => {
    const histories = [];
    for (const [type, count] of Object.entries(samples)) {
      const listed = [];
      for await (const { workflowId, runId } of client.workflow.list({
        query: `WorkflowType = '${type}'`,
      })) {
        listed.push({ workflowId, runId });
        if (listed.length >= count * 10) break;
      }
      // Spread over what was listed, not only the latest.
      const step = Math.max(1, Math.floor(listed.length / count));
      for (const { workflowId, runId } of listed.filter((_, index) => index % step === 0)) {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        histories.push({ workflowId, history });
      }
    }
    return histories;
  });
}

/** 15 and 16: a sample of this run's own histories, replayed with today's code and read for secrets. */
export async function checkHistories(
  evidence: Evidence,
  found: Findings,
  verdicts: Verdicts,
): Promise<{ replayed: number }> {
  const histories = await readHistories(evidence);
  installRuntime({ logger: createLogger({ level: 'silent', name: 'replay' }) });
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: evidence.bundle },
    histories,
  )) {
    replayed += 1;
    verdicts.expect(15, error === undefined, `${workflowId}: ${error?.message}`);
  }
  verdicts.expect(15, replayed === histories.length && replayed > 0, `${replayed} were replayed`);
  const texts = [
    ...histories.map(
      ({ workflowId, history }) => [workflowId, readable(history).join('\n')] as const,
    ),
    ...(await Promise.all(
      evidence.logFiles.map(async (path) => [path, await readFile(path, 'utf8')] as const),
    )),
    ...evidence.refusals.map(({ status, text }) => [`an answer of ${status}`, text] as const),
    ...found.events.map(({ id, body }) => [id, body] as const),
  ];
  checkSecrets(evidence, texts, verdicts);
  return { replayed };
}

function checkSecrets(
  { secrets }: Evidence,
  texts: readonly (readonly [string, string])[],
  { expect }: Verdicts,
): void {
  for (const [what, secret] of Object.entries(secrets)) {
    expect(16, secret.length >= 16, `${what} is no secret to look for`);
    // Without its prefix too, by which a log might have shortened it.
    const body = secret.replace(/^(whsec_|tk_|sk_test_)/, '').slice(0, 32);
    for (const [where, text] of texts) expect(16, !text.includes(body), `${what} is in ${where}`);
  }
  for (const [where, text] of texts) {
    expect(16, !text.includes('PRIVATE KEY'), `a private key is in ${where}`);
  }
}

/** Everything in a history that can be read: strings, and what payloads and failures carry. */
function readable(node: unknown, lines: string[] = []): string[] {
  if (typeof node === 'string') lines.push(node);
  else if (node instanceof Uint8Array) lines.push(Buffer.from(node).toString());
  else if (typeof node === 'object' && node !== null) {
    for (const child of Object.values(node)) readable(child, lines);
  }
  return lines;
}
