/**
 * The frame of every page. How a page is made (docs/pages.md says more):
 *
 *     return renderPage(c, deps, { title: 'Runs', nav: 'runs' }, <RunList ... />);
 *
 * - a presenter loads what the page says; the page only lays it out, with the parts in `components/`;
 * - whatever changes goes in ONE `<Live id="..." active={...}>`: the browser asks for the same address again and swaps that
 *   part, every 3 s while something runs, else every 60 s; without scripts the browser loads the page again;
 * - a form that changes something is a `<PostForm>` or `<PostButton>`, received by `act()` in actions.ts: 303 and a flash;
 * - no inline script, no style attribute (CSP); classes are in app.css.
 */
import type { Child } from 'hono/jsx';
import { assetPath, type AssetName } from '../assets.ts';
import { useView } from './view.ts';
import { VisitorPart } from './visitor-part.tsx';

const NAVIGATION = [
  { key: 'dashboard', path: '/', label: 'Dashboard' },
  { key: 'replicas', path: '/replicas', label: 'Replicas' },
  { key: 'runs', path: '/runs', label: 'Runs' },
  { key: 'documents', path: '/documents', label: 'Documents' },
  { key: 'conflicts', path: '/conflicts', label: 'Conflicts' },
  { key: 'logs', path: '/logs', label: 'Logs' },
  { key: 'notifications', path: '/notifications', label: 'Notifications' },
  { key: 'queue', path: '/queue', label: 'Queue' },
  { key: 'settings', path: '/settings', label: 'Settings' },
  { key: 'audit', path: '/audit', label: 'Audit' },
] as const;
export type NavKey = (typeof NAVIGATION)[number]['key'];

/** No eval, no styles or scripts of its own, no copy of a page in the browser's storage: the policy forbids what this does not. */
const HTMX_CONFIG = JSON.stringify({
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyEnabled: false,
  historyCacheSize: 0,
});

export interface FrameProps {
  readonly title: string;
  readonly base: string;
  /** For browsers without scripts. */
  readonly refreshSeconds?: number | undefined;
  /** The extension for server-sent events is loaded only where it is used. */
  readonly sse?: boolean | undefined;
  /** One of our own, for this page alone. */
  readonly script?: AssetName | undefined;
  readonly children: Child;
}

/** The document itself, for the login as well. */
export function Frame({ title, base, refreshSeconds, sse, script, children }: FrameProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{title}</title>
        {/* An icon that is none: the browser does not ask for one. */}
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={base + assetPath('pico')} />
        <link rel="stylesheet" href={base + assetPath('app')} />
        <script src={base + assetPath('htmx')} defer></script>
        {sse === true ? <script src={base + assetPath('sse')} defer></script> : null}
        {script === undefined ? null : <script src={base + assetPath(script)} defer></script>}
        {refreshSeconds === undefined ? null : (
          <noscript>
            <meta http-equiv="refresh" content={String(refreshSeconds)} />
          </noscript>
        )}
      </head>
      <body>{children}</body>
    </html>
  );
}

export interface LayoutProps {
  readonly title: string;
  readonly nav?: NavKey | undefined;
  readonly refreshSeconds?: number | undefined;
  readonly sse?: boolean | undefined;
  /** One of our own, for this page alone. */
  readonly script?: AssetName | undefined;
  readonly children: Child;
}

/** Inside of a view (view.ts). The page's own heading is the `h1`. */
export function Layout({ title, nav, refreshSeconds, sse, script, children }: LayoutProps) {
  const { base, zone, version, flash } = useView();
  return (
    <Frame title={`${title} · pngx-controller`} base={base} refreshSeconds={refreshSeconds} sse={sse} script={script}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <nav aria-label="Pages">
          <a class="brand" href={`${base}/`}>
            pngx-controller
          </a>
          <ul>
            {NAVIGATION.map(({ key, path, label }) => (
              <li>
                <a href={base + path} aria-current={key === nav ? 'page' : undefined}>
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <VisitorPart />
      </header>
      <main id="content" tabindex={-1}>
        {flash === null ? null : (
          <p class={`note ${flash.tone}`} role={flash.tone === 'bad' ? 'alert' : 'status'}>
            {flash.text}
          </p>
        )}
        {children}
      </main>
      <footer>
        Times are in {zone}. pngx-controller {version}. <a href={`${base}/api/openapi.json`}>API</a>
      </footer>
    </Frame>
  );
}
