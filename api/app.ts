import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { requestId } from 'hono/request-id';
import type { ApiDeps, App, AppEnv } from './deps.ts';
import { authenticate } from './middleware/authenticate.ts';
import { jsonOnly } from './middleware/json-only.ts';
import { requestLog } from './middleware/request-log.ts';
import { registerOpenApi } from './openapi.ts';
import { registerCheckout } from './pages/checkout.tsx';
import { registerHome } from './pages/home.tsx';
import { registerProblemPages } from './pages/problem.tsx';
import { registerReference } from './pages/reference.ts';
import { notFound, Problem } from './problems.ts';
import { fieldErrors, renderProblem } from './render-problem.ts';
import { registerAcknowledgeDifference } from './routes/acknowledge-difference.ts';
import { registerCancelOrder } from './routes/cancel-order.ts';
import { registerCaptureOrder } from './routes/capture-order.ts';
import { registerCreateEndpoint } from './routes/create-endpoint.ts';
import { registerCreateOrder } from './routes/create-order.ts';
import { registerCreateReconciliation } from './routes/create-reconciliation.ts';
import { registerCreateRefund } from './routes/create-refund.ts';
import { registerDryRunRouting } from './routes/dry-run-routing.ts';
import { registerGetBalances } from './routes/get-balances.ts';
import { registerGetEndpoint } from './routes/get-endpoint.ts';
import { registerGetOrder } from './routes/get-order.ts';
import { registerGetReconciliation } from './routes/get-reconciliation.ts';
import { registerGetRefund } from './routes/get-refund.ts';
import { registerGetSigningSecret } from './routes/get-signing-secret.ts';
import { registerHealth } from './routes/health.ts';
import { registerListEndpoints } from './routes/list-endpoints.ts';
import { registerListEvents } from './routes/list-events.ts';
import { registerListOrders } from './routes/list-orders.ts';
import { registerListReconciliationDifferences } from './routes/list-reconciliation-differences.ts';
import { registerListReconciliations } from './routes/list-reconciliations.ts';
import { registerProviderNotifications } from './routes/provider-notifications.ts';
import { registerResolveReview } from './routes/resolve-review.ts';
import { registerSwitchPayment } from './routes/switch-payment.ts';

const maxBodyBytes = 64 * 1_024;

/** The whole HTTP face of Tender: merchants' API, providers' notifications, payers' pages. */
export function createApp(deps: ApiDeps): App {
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = fieldErrors(result.target, result.error.issues);
      const named = errors.map(({ field, message }) => `${field || 'body'} ${message}`).join('; ');
      throw new Problem('invalid-request', named, { extensions: { errors } });
    },
  });
  app.onError((error, c) => renderProblem(error, c, deps));
  app.notFound((c) => renderProblem(notFound('path', c.req.path), c, deps));
  app.use(requestId());
  app.use(requestLog(deps));
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new Problem('content-too-large', `The body is larger than ${maxBodyBytes} bytes.`);
      },
    }),
  );
  app.use('/v1/*', authenticate(deps), jsonOnly);

  registerCreateOrder(app, deps);
  registerGetOrder(app, deps);
  registerListOrders(app, deps);
  registerCancelOrder(app, deps);
  registerCaptureOrder(app, deps);
  registerSwitchPayment(app, deps);
  registerResolveReview(app, deps);
  registerCreateRefund(app, deps);
  registerGetRefund(app, deps);
  registerGetBalances(app, deps);
  registerDryRunRouting(app, deps);
  registerCreateReconciliation(app, deps);
  registerListReconciliations(app, deps);
  registerGetReconciliation(app, deps);
  registerListReconciliationDifferences(app, deps);
  registerAcknowledgeDifference(app, deps);
  registerGetSigningSecret(app, deps);
  registerCreateEndpoint(app, deps);
  registerGetEndpoint(app, deps);
  registerListEndpoints(app, deps);
  registerListEvents(app, deps);
  registerProviderNotifications(app, deps);
  registerCheckout(app, deps);
  registerProblemPages(app);
  registerReference(app);
  registerHome(app);
  registerHealth(app, deps);
  registerOpenApi(app, deps);
  return app;
}
