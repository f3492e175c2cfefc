import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { pickPort } from '../../dev/services/ports.ts';
import { inspectProcess } from '../../dev/services/process-table.ts';
import { resolveTemporalBinary } from '../../dev/services/temporal-binary.ts';
import { addSearchAttributes, registerNamespace } from '../../dev/services/temporal-namespace.ts';
import { type Temporal, startTemporal } from '../../dev/services/temporal.ts';

const orderAttribute = defineSearchAttributeKey('TestOrder', SearchAttributeType.KEYWORD);

let dir: string;
let binary: string;
let port: number;
let running: Temporal | undefined;
let connection: Connection | undefined;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tender-temporal-'));
  binary = (await resolveTemporalBinary()).path;
  port = (await pickPort(0)).port;
});
afterEach(async () => {
  await connection?.close();
  await running?.stop();
  connection = undefined;
  running = undefined;
});
afterAll(() => rmSync(dir, { recursive: true }));

async function start({
  dbName = 'temporal.db',
  searchAttributes = [orderAttribute.name],
  namespaces = ['shop'],
}: { dbName?: string; searchAttributes?: string[]; namespaces?: string[] } = {}) {
  running = await startTemporal({
    binary,
    dbFile: join(dir, dbName),
    port,
    logFile: join(dir, 'temporal.log'),
    namespaces,
    searchAttributes,
  });
  connection = await Connection.connect({ address: running.address });
  return { ...running, connection };
}

async function startWorkflow(connection: Connection, namespace: string, orderId: string) {
  const client = new Client({ connection, namespace });
  await client.workflow.start('payOrder', {
    taskQueue: 'nobody-listens',
    workflowId: orderId,
    typedSearchAttributes: [{ key: orderAttribute, value: orderId }],
  });
}

async function findWorkflows(connection: Connection, namespace: string, orderId: string) {
  const client = new Client({ connection, namespace });
  const found: string[] = [];
  const query = `${orderAttribute.name} = '${orderId}'`;
  for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
  return found;
}

test('a stop and a start keep namespaces and workflows', async () => {
  const first = await start();
  await startWorkflow(first.connection, 'shop', 'order-1');
  await first.connection.close();
  await first.stop();
  expect(inspectProcess(first.pid)).toBeUndefined();

  const second = await start();
  expect(await findWorkflows(second.connection, 'shop', 'order-1')).toEqual(['order-1']);
});

test('a kill -9 of the server loses no workflow', async () => {
  const first = await start();
  await startWorkflow(first.connection, 'shop', 'order-2');
  await first.connection.close();
  process.kill(first.pid, 'SIGKILL');

  const second = await start();
  await vi.waitFor(async () =>
    expect(await findWorkflows(second.connection, 'shop', 'order-2')).toEqual(['order-2']),
  );
});

test('a search attribute that came later reaches the namespaces that were there before', async () => {
  const first = await start({ dbName: 'older.db', searchAttributes: ['TestOlder'] });
  await first.connection.close();
  await first.stop();

  const second = await start({ dbName: 'older.db' });
  for (const namespace of ['default', 'shop']) {
    await startWorkflow(second.connection, namespace, 'order-3');
    await vi.waitFor(async () =>
      expect(await findWorkflows(second.connection, namespace, 'order-3')).toEqual(['order-3']),
    );
  }
});

test('a namespace registered while the server runs is usable at once, search attributes too', async () => {
  const { connection } = await start({ namespaces: [] });
  for (const namespace of ['late-1', 'late-2', 'late-3']) {
    await registerNamespace({ connection, namespace });
    await addSearchAttributes({ connection, namespace, searchAttributes: [orderAttribute.name] });
    await startWorkflow(connection, namespace, 'order-4');
    await vi.waitFor(async () =>
      expect(await findWorkflows(connection, namespace, 'order-4')).toEqual(['order-4']),
    );
    // Asking for what is there changes nothing.
    await registerNamespace({ connection, namespace });
    await addSearchAttributes({ connection, namespace, searchAttributes: [orderAttribute.name] });
  }
});

test('a server that cannot start is an error with its last words', async () => {
  const dbFile = join(dir, 'broken.db');
  writeFileSync(dbFile, 'anything but a database, and long enough to be looked at'.repeat(20));
  await expect(
    startTemporal({ binary, dbFile, port, logFile: join(dir, 'x.log'), searchAttributes: [] }),
  ).rejects.toThrow(/Temporal did not start \(exit 1\): .*not a database/s);
});

test('a server that answers at the port already is not taken for the new one', async () => {
  const { pid } = await start();
  await expect(
    startTemporal({ binary, port, logFile: join(dir, 'second.log'), searchAttributes: [] }),
  ).rejects.toThrow(`Port ${port} is in use`);
  expect(inspectProcess(pid)).toBeDefined();
});
