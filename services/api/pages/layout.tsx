import { createHash } from 'node:crypto';
import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';

/** Stands in the page itself, so that the page is one request and the policy allows exactly this text. */
const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c22; --warn: #b70; --good: #1a7f37; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } .scroll { overflow-x: auto; }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.note { background: var(--soft); padding: .6rem .9rem; border-radius: .4rem; }
.bad { color: var(--bad); } .warn { color: var(--warn); } .good { color: var(--good); }
@media (prefers-color-scheme: dark) { :root { --bad: #f77; --warn: #fb5; --good: #5d7; } }
progress { width: 100%; height: 1rem; }
input { font: inherit; width: 100%; max-width: 24rem; padding: .3rem; } button { font: inherit; padding: .3rem 1rem; }
`;
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

/** Works without scripts: the browser itself loads the page again. */
export function Layout(props: { title: string; refreshSeconds?: number; children: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        {props.refreshSeconds === undefined ? null : (
          <meta http-equiv="refresh" content={String(props.refreshSeconds)} />
        )}
        <title>{props.title}</title>
        <style>{raw(STYLE)}</style>
      </head>
      <body>{props.children}</body>
    </html>
  );
}
