import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';

/**
 * Answers `{ data: [events], …rest }`. Events are stored as the bytes that are sent: they are put into
 * the page as they are. `rest` has at least one field.
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
