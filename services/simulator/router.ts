/**
 * Finds the handler for a path. Paths are compared segment by segment because paperless answers a known path with a wrong
 * method by 405 and an unknown one by its frontend, and both matter to a client with a wrong base URL.
 */

import type { Context } from './context.ts';
import { detail, type Reply } from './http/reply.ts';

export type Handler = (context: Context) => Reply | Promise<Reply>;

export interface Route {
  /** Path below /api/ with `:id` for a number and `:word` for one segment of any kind, e.g. `documents/:id/notes/`. */
  readonly path: string;
  readonly methods: Readonly<Record<string, Handler>>;
  /** Answered without credentials. */
  readonly open?: boolean;
}

interface Compiled {
  readonly route: Route;
  readonly segments: readonly string[];
}

export interface Match {
  readonly route: Route;
  readonly parameters: readonly string[];
}

export class Router {
  readonly #byLength = new Map<number, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split('/');
      this.#byLength.set(segments.length, [...(this.#byLength.get(segments.length) ?? []), { route, segments }]);
    }
  }

  /** Null for a path the API does not know: the frontend answers it (paperless-api.md 1.2). */
  find(path: string): Match | null {
    if (!path.startsWith('/api/')) return null;
    const segments = path.slice('/api/'.length).split('/');
    for (const { route, segments: wanted } of this.#byLength.get(segments.length) ?? []) {
      const parameters = matchSegments(wanted, segments);
      if (parameters) return { route, parameters };
    }
    return null;
  }
}

function matchSegments(wanted: readonly string[], segments: readonly string[]): string[] | null {
  const parameters: string[] = [];
  for (const [at, segment] of segments.entries()) {
    const want = wanted[at];
    if (want === ':word' && segment !== '') parameters.push(decodeURIComponent(segment));
    else if (want === ':id' && /^\d+$/.test(segment)) parameters.push(segment);
    else if (want !== segment) return null;
  }
  return parameters;
}

export async function dispatch(match: Match, context: Context): Promise<Reply> {
  const { methods } = match.route;
  // Every GET action answers HEAD as well, with the same headers (paperless-api.md 3.2).
  const handler = methods[context.method] ?? (context.method === 'HEAD' ? methods.GET : undefined);
  if (!handler) throw detail(405, `Method "${context.method}" not allowed.`);
  context.parameters = match.parameters;
  return handler(context);
}
