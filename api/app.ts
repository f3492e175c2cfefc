import { requestId } from 'hono/request-id';
import { accountsRouter } from './accounts/router.ts';
import { checkoutRouter } from './checkout/router.ts';
import { consumerGroupsRouter } from './consumer-groups/router.ts';
import { deliveriesRouter } from './deliveries/router.ts';
import type { ApiDeps, App } from './deps.ts';
import { endpointsRouter } from './endpoints/router.ts';
import { eventTypesRouter } from './event-types/router.ts';
import { eventsRouter } from './events/router.ts';
import { registerHealth } from './health.ts';
import { messagesRouter } from './messages/router.ts';
import { answerOnce } from './middleware/answer-once.ts';
import { authenticate } from './middleware/authenticate.ts';
import { boundTemporalCalls } from './middleware/bound-temporal-calls.ts';
import { formBody } from './middleware/form-body.ts';
import { holdRequests } from './middleware/hold-requests.ts';
import { jsonBody } from './middleware/json-body.ts';
import { limitBody } from './middleware/limit-body.ts';
import { limitMerchants } from './middleware/limit-merchants.ts';
import { limitOpenRequests, limitPageRate } from './middleware/limit-anonymous.ts';
import { refuseUnrouted } from './middleware/refuse-unrouted.ts';
import { requestLog } from './middleware/request-log.ts';
import { newRouter } from './new-router.ts';
import { registerOpenApi } from './openapi.ts';
import { ordersRouter } from './orders/router.ts';
import { registerHome } from './pages/home.tsx';
import { registerProblemPages } from './pages/problem.tsx';
import { registerReference } from './pages/reference.ts';
import { portalRouter } from './portal/router.ts';
import { providerNotificationsRouter } from './provider-notifications/router.ts';
import { reconciliationsRouter } from './reconciliations/router.ts';
import { refundsRouter } from './refunds/router.ts';
import { renderProblem } from './render-problem.ts';
import { replaysRouter } from './replays/router.ts';
import { sessionsRouter } from './sessions/router.ts';
import { topicsRouter } from './topics/router.ts';

const routers = [
  ordersRouter,
  refundsRouter,
  accountsRouter,
  reconciliationsRouter,
  endpointsRouter,
  deliveriesRouter,
  replaysRouter,
  eventsRouter,
  eventTypesRouter,
  consumerGroupsRouter,
  providerNotificationsRouter,
  portalRouter,
  messagesRouter,
  sessionsRouter,
  topicsRouter,
  checkoutRouter,
];

/** Creates the HTTP application: the merchants' API, providers' notifications, payers' pages. */
export function createApp(deps: ApiDeps): App {
  const app = newRouter();
  app.onError((error, c) => renderProblem(error, c, deps));
  app.use(requestId());
  app.use(requestLog(deps));
  app.use(boundTemporalCalls(deps));
  // Authentication and concurrency limits come before the body is read.
  app.use('/v1/*', holdRequests(deps), authenticate(deps), limitMerchants(deps));
  const [openRequests, pageRate] = [limitOpenRequests(deps), limitPageRate(deps)];
  for (const path of ['/providers/*', '/pay/*', '/portal/*', '/.well-known/*'])
    app.use(path, openRequests);
  for (const path of ['/pay/*', '/portal/*', '/.well-known/*']) app.use(path, pageRate);
  app.use(refuseUnrouted(app));
  app.use(limitBody);
  app.use('/v1/*', jsonBody, answerOnce(deps));
  for (const path of ['/pay/*', '/portal/*']) app.use(path, formBody);

  for (const router of routers) app.route('/', router(deps));
  registerProblemPages(app);
  registerReference(app);
  registerHome(app);
  registerHealth(app, deps);
  registerOpenApi(app, deps);
  return app;
}
