import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerGetSigningSecret } from './get-signing-secret.ts';
import { registerCreateEndpoint } from './create-endpoint.ts';
import { registerGetEndpoint } from './get-endpoint.ts';
import { registerListEndpoints } from './list-endpoints.ts';
import { registerUpdateEndpoint } from './update-endpoint.ts';
import { registerGetTraffic } from './get-traffic.ts';
import { registerVerifyEndpoint } from './verify-endpoint.ts';
import { registerDryRunFilter } from './dry-run-filter.ts';
import { registerDeleteEndpoint } from './delete-endpoint.ts';
import { registerRotateSecret } from './rotate-secret.ts';
import { registerSendTestEvent } from './send-test-event.ts';
import { registerJwks } from './jwks.ts';

/** Endpoints for events, and the keys that sign deliveries. */
export function endpointsRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerGetSigningSecret(router, deps);
  registerCreateEndpoint(router, deps);
  registerGetEndpoint(router, deps);
  registerListEndpoints(router, deps);
  registerUpdateEndpoint(router, deps);
  registerGetTraffic(router, deps);
  registerVerifyEndpoint(router, deps);
  registerDryRunFilter(router, deps);
  registerDeleteEndpoint(router, deps);
  registerRotateSecret(router, deps);
  registerSendTestEvent(router, deps);
  registerJwks(router, deps);
  return router;
}
