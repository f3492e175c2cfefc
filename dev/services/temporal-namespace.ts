import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const USABLE_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
/** grpc-js's `status`, as plain numbers. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
/** temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;
const DAY_MS = 86_400_000;

type NamespaceInput = { connection: Connection; namespace: string };

/** Registers a namespace if it is missing, and waits until calls to it succeed. */
export async function registerNamespace({
  connection,
  namespace,
  retentionDays = 1,
}: NamespaceInput & { retentionDays?: number }): Promise<void> {
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(retentionDays * DAY_MS),
    });
  } catch (error) {
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
  }
  await waitUntil(`namespace ${namespace}`, () => isUsable({ connection, namespace }));
}

/** Adds the missing keyword search attributes of a namespace, and waits until queries accept them. */
export async function addSearchAttributes({
  connection,
  namespace,
  searchAttributes,
}: NamespaceInput & { searchAttributes: readonly string[] }): Promise<void> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributes.filter((name) => known.customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
  const query = missing.map((name) => `${name} = 'any'`).join(' OR ');
  await waitUntil(`search attributes of ${namespace}`, () =>
    succeedsBut(INVALID_ARGUMENT, () =>
      connection.workflowService.countWorkflowExecutions({ namespace, query }),
    ),
  );
}

/** Calls each of the server's services once, because each caches namespaces separately. */
function isUsable({ connection, namespace }: NamespaceInput): Promise<boolean> {
  return succeedsBut(NOT_FOUND, async () => {
    await connection.workflowService.countWorkflowExecutions({ namespace });
    await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'probe' } });
  });
}

/** True when the call succeeds, false when it fails with the code that means "not yet". */
async function succeedsBut(notYetCode: number, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (!hasCode(error, notYetCode)) throw error;
    return false;
  }
}

async function waitUntil(what: string, isDone: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + USABLE_TIMEOUT_MS;
  while (!(await isDone())) {
    if (Date.now() >= deadlineMs) throw new Error(`Temporal: ${what} did not become usable.`);
    await sleep(POLL_MS);
  }
}

function hasCode(error: unknown, code: number): boolean {
  if (!isGrpcServiceError(error)) return false;
  const actual: number = error.code;
  return actual === code;
}
