/** What every page knows without being told: who looks at it, when, in which zone, under which address. */
import { createContext, useContext } from 'hono/jsx';
import type { ApiDeps } from '../deps.ts';
import { sessionFormToken } from '../gate/cookies.ts';
import type { GateContext, Visitor } from '../gate/visitor.ts';
import type { Door } from '../../../shared/config/env.ts';
import { takeFlash, type Flash } from './flash.ts';

export interface View {
  /** Base path, in front of every link. */
  readonly base: string;
  /** The address of this page below the base path, with its query. */
  readonly here: string;
  readonly now: Date;
  readonly zone: string;
  readonly version: string;
  readonly visitor: Visitor | null;
  readonly door: Pick<Door, 'mode' | 'loopback'>;
  /** Stands in every form that changes something. */
  readonly token: string;
  readonly flash: Flash | null;
}

const ViewContext = createContext<View | null>(null);
export const ViewProvider = ViewContext.Provider;

/** Inside of a component only. */
export function useView(): View {
  const view = useContext(ViewContext);
  if (view === null) throw new Error('A component of the pages is used outside of a page.');
  return view;
}

type ViewDeps = Pick<ApiDeps, 'basePath' | 'publicUrl' | 'door' | 'clock' | 'version'>;

export function viewOf(c: GateContext, deps: ViewDeps, zone: string): View {
  const { pathname, search } = new URL(c.req.url);
  return {
    base: deps.basePath,
    here: pathname.slice(deps.basePath.length) + search,
    now: deps.clock.now(),
    zone,
    version: deps.version,
    visitor: c.get('visitor') ?? null,
    door: deps.door,
    token: c.get('visitor')?.via === 'session' ? sessionFormToken(c) : '',
    // A part that refreshes itself must not take away what is meant for the next whole page.
    flash: isFragment(c) ? null : takeFlash(c, deps),
  };
}

export const isFragment = (c: GateContext): boolean => c.req.header('hx-request') === 'true';
