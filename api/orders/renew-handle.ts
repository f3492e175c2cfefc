import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import type { ApiDeps } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { waitFor } from '../wait-for.ts';

const maxWaitMs = 5_000;

/**
 * Renews an expired code or address when somebody reads the order: asks the workflow for a new one and waits for it up
 * to 5 s. Returns the order as it then is.
 */
export async function renewHandle(
  deps: ApiDeps,
  input: { view: OrderView; read: () => Promise<OrderView>; caller: AbortSignal },
): Promise<OrderView> {
  const { view, read, caller } = input;
  const { method, snapshot } = view;
  if (!view.isHandleDead || method === null) return view;
  const orderId = snapshot.id;
  // Rate-limited per order, so that a provider that refuses is not called at every read.
  if (await deps.switches.isExceeded(orderId)) return view;
  if (await requestCommand(deps.db, { orderId, command: { kind: 'renew', method } })) {
    await deps.switches.take(orderId).catch(() => {});
    redeliverCommands(deps, { orderId }).catch(
      leftToRecovery(deps.logger, 'the renewal', { orderId }),
    );
  }
  return waitFor({
    subscribe: (onChange) => deps.changes.subscribe('tender_orders', orderId, onChange),
    timeoutMs: maxWaitMs,
    caller,
    read,
    isEnough: (now) => !now.isHandleDead,
  });
}
