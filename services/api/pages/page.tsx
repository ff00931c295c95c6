/** From a page's content to the answer, for good pages and for those that could not be made. */
import type { Child } from 'hono/jsx';
import type { ApiDeps } from '../deps.ts';
import type { GateContext } from '../gate/visitor.ts';
import { statusOf } from '../http-error.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import type { AssetName } from '../assets.ts';
import { Layout, type NavKey } from './layout.tsx';
import { SECONDS } from './seconds.ts';
import { ViewProvider, viewOf } from './view.ts';

export type PageDeps = Pick<ApiDeps, 'basePath' | 'publicUrl' | 'door' | 'clock' | 'version' | 'settings' | 'timeZone'>;

export interface PageOptions {
  /** Of the browser's tab; the page itself begins with its own `h1`. */
  readonly title: string;
  readonly nav?: NavKey | undefined;
  /** 422 for a form that comes back with its errors. */
  readonly status?: 200 | 404 | 409 | 422 | undefined;
  /** For browsers without scripts: the same as the `active` of the page's Live part. */
  readonly live?: { readonly active: boolean } | undefined;
  readonly sse?: boolean | undefined;
  readonly script?: AssetName | undefined;
  /** Spares a query where the page has read the settings. */
  readonly zone?: string | undefined;
}

export async function renderPage(
  c: GateContext,
  deps: PageDeps,
  { title, nav, status = 200, live, sse, script, zone }: PageOptions,
  content: Child,
): Promise<Response> {
  const refresh = live === undefined ? undefined : live.active ? SECONDS.active : SECONDS.idle;
  const view = viewOf(c, deps, zone ?? (await zoneOf(deps)));
  const page = (
    <ViewProvider value={view}>
      <Layout title={title} nav={nav} refreshSeconds={refresh} sse={sse} script={script}>
        {content}
      </Layout>
    </ViewProvider>
  );
  return c.html(`<!doctype html>${String(await page)}`, status);
}

async function zoneOf({ settings, timeZone }: PageDeps): Promise<string> {
  return (await settings()).timezone ?? timeZone;
}

/** Somebody looks at a page: an error is one, too. Programs and the paths below /api get JSON. */
export function wantsPage(c: GateContext, basePath: string): boolean {
  const path = c.req.path.slice(basePath.length);
  return !path.startsWith('/api') && /\btext\/html\b/.test(c.req.header('accept') ?? '');
}

/** Needs no database, which may be what is missing. */
export async function renderError(c: GateContext, deps: PageDeps, thrown: unknown): Promise<Response> {
  const error = toAppError(thrown);
  const status = statusOf(error);
  const inside = status === 500;
  const title = status === 404 ? 'Not found' : inside ? 'Something went wrong here' : 'Not possible';
  const page = (
    <ViewProvider value={viewOf(c, deps, deps.timeZone)}>
      <Layout title={title}>
        <h1>{title}</h1>
        <p class="note bad" role="alert">
          {inside ? 'The controller could not make this page. Nothing was changed.' : error.message}
        </p>
        <p>{inside ? `The reason is in the log, at request ${c.get('requestId')}.` : error.hint}</p>
        <p>
          <a href={`${deps.basePath}/`}>Back to the dashboard</a>
        </p>
      </Layout>
    </ViewProvider>
  );
  return c.html(`<!doctype html>${String(await page)}`, status);
}
