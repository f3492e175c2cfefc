/** The checkout page's own style; the shared style is in `layout.tsx`. */
export const checkoutStyle = `
.top { text-align: right; margin: 0 0 .75rem; }
.card { text-align: center; }
.qr { width: min(100%, 15rem); margin: 1rem auto; padding: .75rem; background: #fff; border-radius: 12px;
  border: 1px solid var(--line); }
.qr svg { display: block; width: 100%; height: auto; }
#left { font-variant-numeric: tabular-nums; color: var(--ink); }
.button { display: inline-block; margin-top: .5rem; padding: .7rem 1.4rem; border-radius: 999px;
  background: var(--accent); color: var(--card); text-decoration: none; font-weight: 600; }
.mark { width: 4.5rem; height: 4.5rem; margin: 1.5rem auto .5rem; border-radius: 50%; display: grid;
  place-items: center; font-size: 2.4rem; color: var(--card); background: var(--soft); }
.paid .mark { background: var(--good); } .failed .mark { background: var(--bad); }
h2 { margin: .25rem 0; }
.wait { padding: 3rem 0; color: var(--soft); }
.paid .mark, .authorized .mark, .partially_refunded .mark { background: var(--good); }
button.button { border: 0; font: inherit; font-weight: 600; cursor: pointer; }
.methods { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.methods form { display: inline-block; margin: .25rem; }
.methods button { border: 1px solid var(--line); background: transparent; color: var(--ink); border-radius: 999px;
  padding: .5rem 1rem; font: inherit; cursor: pointer; }
.methods button:hover { border-color: var(--accent); }
`;
