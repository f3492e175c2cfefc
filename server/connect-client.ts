import { Client, Connection } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { installRuntime } from '../worker/install-runtime.ts';
import { connectToTemporal, connectionOptions } from '../worker/temporal-connection.ts';

export type ConnectedClient = {
  client: Client;
  /** Set if a worker shares the connection, which allows eager workflow starts. */
  native: NativeConnection | undefined;
  close(): Promise<void>;
};

/** Creates the Temporal client. Without a worker it connects lazily, so that the API serves while Temporal is down. */
export async function connectClient(input: {
  config: Config;
  logger: Logger;
  signal: AbortSignal;
  hasWorker: boolean;
}): Promise<ConnectedClient> {
  const { namespace } = input.config.temporal;
  if (!input.hasWorker) {
    const connection = Connection.lazy({
      ...connectionOptions(input.config.temporal),
      connectTimeout: '5s',
    });
    const close = () => connection.close();
    return { client: new Client({ connection, namespace }), native: undefined, close };
  }
  installRuntime(input);
  const native = await connectToTemporal(input);
  const close = () => native.close();
  return { client: new Client({ connection: native, namespace }), native, close };
}
