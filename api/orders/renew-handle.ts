import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import type { ApiDeps } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { waitFor } from '../wait-for.ts';

const longestMs = 5_000;

/**
 * Whoever reads an order whose code or address is over gets another: asks its workflow for one, and waits a little.
 * Answers the order as it then is.
 */
export async function renewHandle(
  deps: ApiDeps,
  input: { view: OrderView; read: () => Promise<OrderView>; caller: AbortSignal },
): Promise<OrderView> {
  const { view, read, caller } = input;
  const { method, snapshot } = view;
  if (!view.isHandleDead || method === null) return view;
  const orderId = snapshot.id;
  // A provider that refuses is not asked at every look. Of many who look at once one asks, and counts.
  if (await deps.switches.isExceeded(orderId)) return view;
  if (await requestCommand(deps.db, { orderId, command: { kind: 'renew', method } })) {
    await deps.switches.take(orderId).catch(() => {});
    redeliverCommands(deps, { orderId }).catch(
      leftToRecovery(deps.logger, 'the renewal', { orderId }),
    );
  }
  return waitFor({
    subscribe: (tell) => deps.changes.subscribe('tender_orders', orderId, tell),
    timeoutMs: longestMs,
    caller,
    read,
    isEnough: (now) => !now.isHandleDead,
  });
}
