import { sql } from 'drizzle-orm';
import type { ApiDeps, App } from '../deps.ts';

/** `/healthz`: this process is up. `/readyz`: it can accept orders, that is, it reaches its database. */
export function registerHealth(app: App, { db, logger }: ApiDeps) {
  app.get('/healthz', (c) => c.json({ status: 'up' }));
  app.get('/readyz', async (c) => {
    try {
      await db.execute(sql`select 1`);
      return c.json({ status: 'ready' });
    } catch (error) {
      logger.warn({ error }, 'not ready');
      return c.json({ status: 'not ready', waitingFor: 'database' }, 503);
    }
  });
}
