/** A process with an error that nobody catches, of the kind that its argument names. Prints `alive` if it outlives it. */
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createLogger } from '../../../telemetry/logger.ts';
import { runOutgoing, surviveUncaught } from '../../../telemetry/survive-uncaught.ts';

const fail = (): never => {
  throw new Error('nobody catches it');
};

/** A client whose socket's listener throws. */
function callOutside(): void {
  const server = createServer((socket) => socket.end('x')).listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    const outgoing = { kind: 'test', target: 'somebody' };
    runOutgoing(outgoing, () => connect(port, '127.0.0.1').on('data', fail));
  });
  server.unref();
}

const deeds: Record<string, () => void> = {
  socket: callOutside,
  timer: () => runOutgoing({ kind: 'test', target: 'somebody' }, () => setTimeout(fail, 1)),
  rejection: () =>
    void runOutgoing({ kind: 'test', target: 'somebody' }, async () => {
      await Promise.resolve();
      fail();
    }),
  ownTimer: () => setTimeout(fail, 1),
  ownRejection: () => void Promise.resolve().then(fail),
};

surviveUncaught({ logger: createLogger({ level: 'info', name: 'test' }) });
deeds[process.argv[2] ?? '']?.();
setTimeout(() => {
  process.stdout.write('alive\n');
  process.exit(0);
}, 1_500);
