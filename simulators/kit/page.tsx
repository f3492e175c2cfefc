import { html, raw } from 'hono/html';
import type { Child } from 'hono/jsx';

export type PageProps = {
  title: string;
  /** The simulator's name, such as `Alipay simulator`. */
  brand: string;
  /** CSS colour of the header and the buttons. */
  color: string;
  children: Child;
};

/** The layout of the payers' pages; it styles `.subject .amount .order .result .paid` and buttons. */
export function renderPage(props: PageProps) {
  return html`${raw('<!doctype html>')}${<Page {...props} />}`;
}

function Page({ title, brand, color, children }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>{`${title} · ${brand}`}</title>
        <style>{raw(styles)}</style>
      </head>
      <body style={`--brand: ${color}`}>
        <header>{brand}</header>
        <main>{children}</main>
        <footer>A simulator for tests. No real money moves.</footer>
      </body>
    </html>
  );
}

const styles = `
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 26rem; min-height: 100dvh; display: grid; grid-template-rows: auto 1fr auto;
  font: 16px/1.5 system-ui, sans-serif; text-align: center; }
header { padding: 1rem; background: var(--brand); color: #fff; font-weight: 600; }
main { padding: 2rem 1.5rem; }
.subject { margin: 0; overflow-wrap: anywhere; }
.amount { margin: .5rem 0; font-size: 2.75rem; font-weight: 700; }
.order { font-size: .875rem; opacity: .65; overflow-wrap: anywhere; }
button { width: 100%; margin-top: 1rem; padding: .9rem; border: 0; border-radius: .6rem; background: var(--brand);
  color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
button.quiet { background: none; color: inherit; border: 1px solid; opacity: .75; }
label { display: block; margin-top: 1rem; text-align: start; font-size: .875rem; }
input { box-sizing: border-box; width: 100%; padding: .7rem; border: 1px solid #8888; border-radius: .6rem; font: inherit; }
.result { margin-top: 2rem; font-size: 1.25rem; font-weight: 600; }
.paid::before { content: "✓"; display: block; font-size: 3rem; color: #12a150; }
footer { padding: 1rem; font-size: .8125rem; opacity: .65; }
`;
