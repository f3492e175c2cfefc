import { Script } from 'node:vm';

const begin: unique symbol = Symbol.for('tender.runWithin');
const script = new Script(`globalThis[Symbol.for('tender.runWithin')]()`);

/** Runs synchronous work and interrupts it after `timeoutMs`; its partial result is lost. */
export function runWithin<T>(timeoutMs: number, work: () => T): T | 'tooLong' {
  const scope = globalThis as { [begin]?: () => void };
  let result: { value: T } | undefined;
  scope[begin] = () => void (result = { value: work() });
  try {
    script.runInThisContext({ timeout: timeoutMs });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'tooLong';
    throw error;
  } finally {
    delete scope[begin];
  }
  if (!result) throw new Error('the work did not run');
  return result.value;
}
