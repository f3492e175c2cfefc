import type { ApiDeps, App } from '../deps.ts';
import { newRouter } from '../new-router.ts';
import { registerCreatePortalLink } from './create-portal-link.ts';
import { registerListPortalLinks } from './list-portal-links.ts';
import { registerDeletePortalLink } from './delete-portal-link.ts';
import { registerPortal } from './portal.tsx';

/** Portal links and the merchants' portal. */
export function portalRouter(deps: ApiDeps): App {
  const router = newRouter();
  registerCreatePortalLink(router, deps);
  registerListPortalLinks(router, deps);
  registerDeletePortalLink(router, deps);
  registerPortal(router, deps);
  return router;
}
