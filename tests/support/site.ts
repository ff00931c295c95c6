/**
 * The one list of what people and programs can look at: every GET route that the application registers, with an example for
 * each id in its path. A new page is on it by being registered, so it is timed, looked at by axe, and photographed.
 */
import { createApp } from '../../services/api/app.ts';
import type { ApiDeps } from '../../services/api/deps.ts';

/** Ids that lead to something. */
export interface Samples {
  readonly replica: number;
  readonly run: number;
  readonly document: number;
  readonly verification: number;
  /** By the part of the path in front of the id; null: there is none to look at. */
  readonly [more: string]: number | string | null;
}

export interface Address {
  /** As registered, such as `/replicas/:id`. */
  readonly route: string;
  readonly path: string;
}

/** No pages and no answers that end: files, streams, downloads, and others' pages. */
const NOT_PAGES = /^\/(api|assets|queues)(\/|$)|^\/(healthz|readyz|metrics|login|setup|logout)$|\*/;
const NOT_ANSWERS = /\*|\/(stream|live|events|download|openapi\.json|docs)$|\.csv$|^\/api\/docs/;

const registered = (deps: ApiDeps) =>
  [...new Set(createApp(deps).routes.flatMap(({ method, path }) => (method === 'GET' ? [path] : [])))].map((path) =>
    path.slice(deps.basePath.length),
  );

export function pagesOf(deps: ApiDeps, samples: Samples): Address[] {
  return registered(deps)
    .filter((route) => !NOT_PAGES.test(route) && !NOT_ANSWERS.test(route))
    .flatMap((route) => addressOf(route, samples));
}

export function answersOf(deps: ApiDeps, samples: Samples): Address[] {
  return registered(deps)
    .filter((route) => route.startsWith('/api/') && !NOT_ANSWERS.test(route))
    .flatMap((route) => addressOf(route, samples));
}

function addressOf(route: string, samples: Samples): Address[] {
  const path = filled(route, samples);
  const query = route in QUERIES ? (QUERIES[route]?.(samples) ?? null) : '';
  return path === null || query === null ? [] : [{ route, path: path + query }];
}

/** Pages about something that the query names. */
const QUERIES: Readonly<Record<string, (samples: Samples) => string | null>> = {
  '/runs/preview': ({ replica }) => `?replica_id=${replica}`,
  '/acknowledge': ({ attention }) => ((attention ?? null) === null ? null : `?key=${attention}`),
};

/** What an id is of stands before it in the path: `/replicas/:id/documents/:masterId`. */
const KINDS: readonly (readonly [RegExp, keyof Samples])[] = [
  [/replicas$/, 'replica'],
  [/runs$/, 'run'],
  [/documents$/, 'document'],
  [/verifications$/, 'verification'],
  // `/conflicts/names/:replica/:kind/:master`
  [/^names$/, 'replica'],
  [/^:replica$/, 'kind'],
  [/^:kind$/, 'ambiguous'],
];

function filled(route: string, samples: Samples): string | null {
  const parts = route.split('/');
  const path = parts.map((part, index) => {
    if (!part.startsWith(':')) return part;
    const before = parts[index - 1] ?? '';
    const kind = KINDS.find(([pattern]) => pattern.test(before))?.[1] ?? before;
    const value = samples[kind];
    if (value === undefined) throw new Error(`${route}: add an example of "${kind}" to the samples.`);
    return value;
  });
  return path.includes(null) ? null : path.join('/');
}
