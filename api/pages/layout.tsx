import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';

/** The layout of every page: readable on a phone, without external resources. */
export function Layout(props: {
  title: string;
  lang: string;
  nonce: string;
  children: Child;
  head?: Child;
}) {
  return (
    <>
      {raw('<!doctype html>')}
      <html lang={props.lang}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="robots" content="noindex" />
          <title>{props.title}</title>
          <link rel="icon" href="data:," />
          <style nonce={props.nonce} dangerouslySetInnerHTML={{ __html: css }} />
          {props.head}
        </head>
        <body>{props.children}</body>
      </html>
    </>
  );
}

const css = `
:root { color-scheme: light dark; --ink: #14213d; --soft: #5b6478; --line: #e3e7ef; --page: #f4f6fa;
  --card: #fff; --good: #0a7f4f; --bad: #b3261e; --accent: #1b5fd9; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef2fb; --soft: #a4aec3; --line: #2c3548;
  --page: #10151f; --card: #1a2130; --good: #4cc38a; --bad: #ff8a80; --accent: #82aaff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
main.wide { max-width: 44rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 1.5rem; }
h1 { font-size: 1.15rem; margin: 0 0 .25rem; } a { color: var(--accent); }
.soft { color: var(--soft); font-size: .9rem; }
.amount { font-size: 2.4rem; font-weight: 700; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
code { background: var(--page); padding: .1em .35em; border-radius: 4px; }
`;
