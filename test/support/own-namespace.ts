import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { addSearchAttributes, registerNamespace } from '../../dev/services/temporal-namespace.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';

/** A Temporal namespace of this test file's own, so that its `sweep` and `dispatch/0` are its own too. */
export async function ownNamespace(): Promise<{ address: string; namespace: string }> {
  const { temporalAddress: address } = inject('services');
  const namespace = `t-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await registerNamespace({ connection, namespace });
    const names = Object.values(searchAttributes).map(({ name }) => name);
    await addSearchAttributes({ connection, namespace, searchAttributes: names });
  } finally {
    await connection.close();
  }
  return { address, namespace };
}
