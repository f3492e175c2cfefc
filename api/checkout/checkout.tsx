import { streamSSE } from 'hono/streaming';
import { createWakeSignal } from '../../db/wake-signal.ts';
import { findRoutes } from '../../services/payments/route-payment.ts';
import { findOrderByToken } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { isEnded } from '../../domain/order.ts';
import type { ApiDeps, App } from '../deps.ts';
import { createConcurrency } from '../limits/concurrency.ts';
import { notFound } from '../problems.ts';
import { renewHandle } from '../orders/renew-handle.ts';
import { requestSwitch } from '../orders/switch-payment.ts';
import { waitFor } from '../wait-for.ts';
import { Checkout, stateOf } from './checkout-view.tsx';
import { chooseLanguage } from './checkout-texts.ts';
import { securePage } from '../pages/secure-page.ts';

const heartbeatMs = 15_000;
// After this wait the page shows its current state and reloads when the switch is done.
const longestSwitchMs = 8_000;

// The next action of these methods needs the merchant's own page or app.
const isForApps: ReadonlySet<string> = new Set(['stripe.payment_intent', 'wechat-pay.jsapi']);
const providerOf = (method: string) => method.split('.')[0] ?? '';

/** Registers the checkout page, `/pay/<token>`, and the stream of its state. */
export function registerCheckout(app: App, deps: ApiDeps) {
  const streamsOfOrder = createConcurrency({
    name: 'checkoutStreamsPerOrder',
    what: 'open checkout pages of one order',
    max: deps.limits.checkoutStreamsPerOrder,
  });
  const streamsOfAddress = createConcurrency({
    name: 'streamsPerAddress',
    what: 'open checkout pages at one address',
    max: deps.limits.streamsPerAddress,
  });
  const findByToken = async (checkoutToken: string): Promise<OrderView> => {
    const isToken = /^[A-Za-z0-9_-]{22}$/.test(checkoutToken);
    const view = isToken ? await findOrderByToken(deps.db, { checkoutToken }) : undefined;
    if (!view) throw notFound('checkout page', checkoutToken);
    return view;
  };

  app.get('/pay/:token', async (c) => {
    const token = c.req.param('token');
    const view = await renewHandle(deps, {
      view: await findByToken(token),
      read: () => findByToken(token),
      caller: c.req.raw.signal,
    });
    const language = chooseLanguage(c.req.query('lang'), c.req.header('accept-language'));
    const { nextAction } = view;
    const target = nextAction?.kind === 'form' ? [new URL(nextAction.action).origin] : [];
    const nonce = securePage(c, { formTargets: ["'self'", ...target] });
    const methods = await methodsOf(view);
    return c.html(<Checkout view={view} methods={methods} language={language} nonce={nonce} />);
  });

  app.post('/pay/:token/method', async (c) => {
    const token = c.req.param('token');
    const view = await findByToken(token);
    const { method } = await c.req.parseBody();
    const isOffered = typeof method === 'string' && (await methodsOf(view)).includes(method);
    if (isOffered) await switchTo(view, token, method, c.req.raw.signal);
    return c.redirect(`/pay/${token}`, 303);
  });

  /**
   * The methods of other providers that the merchant's accounts can take now: for each provider the first one that this
   * page supports.
   */
  async function methodsOf({ snapshot, method }: OrderView): Promise<string[]> {
    if (snapshot.status !== 'pending' || snapshot.methods.length < 2) return [];
    const { order } = await readOrder(deps.db, { orderId: snapshot.id });
    const routes = await findRoutes(deps, { ...order, methods: order.methods });
    const fitting = new Set(
      routes.filter(({ verdict }) => verdict === 'fits').map((route) => route.method),
    );
    const offered = order.methods.filter(
      (other) => fitting.has(other) && !isForApps.has(other) && other !== method,
    );
    const seen = new Set([providerOf(method ?? '')]);
    return offered.filter((other) => {
      const isNew = !seen.has(providerOf(other));
      seen.add(providerOf(other));
      return isNew;
    });
  }

  async function switchTo(
    { snapshot }: OrderView,
    token: string,
    method: string,
    caller: AbortSignal,
  ): Promise<void> {
    await requestSwitch(deps, { orderId: snapshot.id, method });
    await waitFor({
      subscribe: (onChange) => deps.changes.subscribe('tender_orders', snapshot.id, onChange),
      timeoutMs: longestSwitchMs,
      caller,
      read: () => findByToken(token),
      isEnough: (now) =>
        now.snapshot.status !== 'pending' || (now.method === method && now.nextAction !== null),
    });
  }

  app.get('/pay/:token/stream', async (c) => {
    // The stream of a HEAD request would never be read or ended.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    const checkoutToken = c.req.param('token');
    const { snapshot } = await findByToken(checkoutToken);
    const leaveAddress = streamsOfAddress.enter(deps.addressOf(c));
    let leaveOrder: () => void;
    try {
      leaveOrder = streamsOfOrder.enter(snapshot.id);
    } catch (error) {
      leaveAddress();
      throw error;
    }
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const wake = createWakeSignal();
      const stop = deps.changes.subscribe('tender_orders', snapshot.id, wake.signal);
      stream.onAbort(wake.signal);
      let sentState = '';
      try {
        while (!stream.aborted) {
          const view = await findByToken(checkoutToken);
          const state = stateOf(view);
          if (state !== sentState) await stream.writeSSE({ event: 'state', data: state });
          // A comment keeps proxies from closing an idle stream, and detects closed connections.
          else await stream.write(': heartbeat\n\n');
          sentState = state;
          if (isEnded(view.snapshot.status)) return;
          await wake.wait(heartbeatMs);
        }
      } finally {
        stop();
        leaveOrder();
        leaveAddress();
      }
    });
  });
}
