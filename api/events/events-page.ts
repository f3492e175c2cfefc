import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';

/**
 * Returns a page `{ data: [events], …rest }`. The stored bytes of the events are inserted as they are. `rest` must have
 * at least one field.
 */
export function eventsPage(
  c: Context<AppEnv>,
  {
    events,
    rest,
  }: { events: readonly { body: string }[]; rest: Readonly<Record<string, unknown>> },
) {
  const bodies = events.map(({ body }) => body).join(',');
  const page = `{"data":[${bodies}],${JSON.stringify(rest).slice(1)}`;
  return c.body(page, 200, { 'content-type': 'application/json' }) as never;
}
