import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { Layout } from '../pages/layout.tsx';

/** The layout of the portal's pages. */
export function PortalFrame(props: {
  title: string;
  merchant: string;
  nonce: string;
  children: Child;
}) {
  const style = <style nonce={props.nonce}>{raw(css)}</style>;
  return (
    <Layout title={`${props.title} · ${props.merchant}`} lang="en" nonce={props.nonce} head={style}>
      <main class="portal">
        <header>
          <strong>{props.merchant}</strong>
          <nav>
            <a href="/portal">Endpoints</a>
            <a href="/portal/undelivered">Undelivered</a>
            <a href="/portal/catalogue">Event catalogue</a>
          </nav>
        </header>
        {props.children}
      </main>
    </Layout>
  );
}

/** A form of one button with hidden fields. */
export function Act(props: { to: string; label: string; fields?: Record<string, string> }) {
  return (
    <form method="post" action={props.to} class="act">
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button>{props.label}</button>
    </form>
  );
}

export function Badge({ status }: { status: string }) {
  return <span class={`badge ${status}`}>{status}</span>;
}

/** A time in UTC, to the second, for tables. */
export const moment = (at: Date | null) =>
  at === null ? '' : at.toISOString().replace('T', ' ').slice(0, 19);

const css = `
main.portal { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.portal header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; margin-bottom: 1.25rem; }
.portal nav { display: flex; gap: 1rem; } .portal nav a { text-decoration: none; }
.portal .card { margin-bottom: 1rem; overflow-x: auto; }
.portal h1 { overflow-wrap: anywhere; }
.portal table { width: 100%; border-collapse: collapse; font-size: .9rem; }
.portal th { text-align: left; color: var(--soft); font-weight: 500; }
.portal th, .portal td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.portal td { overflow-wrap: anywhere; } .portal tr:last-child td { border-bottom: 0; }
.portal td.tight { white-space: nowrap; }
.badge { padding: .1rem .55rem; border-radius: 999px; border: 1px solid currentColor; font-size: .8rem; white-space: nowrap; }
.badge.enabled, .badge.delivered { color: var(--good); } .badge.disabled, .badge.dead { color: var(--bad); }
.badge.paused, .badge.pending, .badge.dropped, .badge.unverified { color: var(--soft); }
.act { display: inline-block; margin: 0 .5rem .5rem 0; }
.portal button { font: inherit; font-size: .9rem; padding: .35rem .9rem; border-radius: 999px; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: var(--ink); }
.portal button:hover { border-color: var(--accent); color: var(--accent); }
.portal label { display: block; margin: .5rem 0; } .portal input[type=url], .portal input[type=text] {
  width: 100%; font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--page); color: var(--ink); }
.secret { font-family: ui-monospace, monospace; overflow-wrap: anywhere; padding: .75rem; border-radius: 8px; background: var(--page); }
.notice { border-left: 3px solid var(--accent); }
`;
