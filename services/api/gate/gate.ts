/**
 * The one place that decides who may do what (S1, S2), in front of every route that there is or will be: what is not named in
 * open-routes.ts is closed, whatever answers behind it.
 */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import { NOT_FOR_READERS, openRoute } from './open-routes.ts';
import { isOwnHost, originOf } from './own-origin.ts';
import { visitorOf, type GateVariables, type Visitor } from './visitor.ts';

type GateDeps = Pick<ApiDeps, 'db' | 'door' | 'basePath' | 'publicUrl'>;

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function gate(deps: GateDeps) {
  const { door, publicUrl } = deps;
  return createMiddleware<GateVariables>(async (c, next) => {
    const path = c.req.path.slice(deps.basePath.length);
    const open = openRoute(door, c.req.method, path);
    // Monitors inside a network of containers ask by the container's name; who proves itself needs no name of ours.
    const anyHost = door.mode !== 'none' || open?.anyOrigin === true || (open !== undefined && !door.loopback);
    if (!anyHost && !isOwnHost(c.req.header('host') ?? '', { publicUrl, loopback: door.loopback })) throw foreignHost();
    const visitor = open === undefined ? await visitorOf(c, deps) : null;
    c.set('visitor', visitor);
    if (open === undefined && visitor === null) return turnAway(c, deps, path);
    if (!SAFE_METHODS.has(c.req.method)) {
      checkOrigin(originOf(c, publicUrl), visitor, open?.anyOrigin === true);
    }
    if (visitor?.scope === 'read' && (!SAFE_METHODS.has(c.req.method) || NOT_FOR_READERS.has(path))) throw readOnly();
    await next();
  });
}

/** A browser attaches cookie and proxy login to whatever page asks; a key it never does. */
function checkOrigin(origin: ReturnType<typeof originOf>, visitor: Visitor | null, anyOrigin: boolean): void {
  if (anyOrigin || visitor?.via === 'key' || origin === 'own') return;
  const needsProof = visitor?.via === 'session' || visitor?.via === 'forward';
  if (origin === 'foreign' || needsProof)
    throw refused(
      'cross_site_request',
      'A page of another site may not change anything here.',
      'Open the controller itself; programs use an API key.',
    );
}

/** A person who opens a page is led to the login; everybody else is told. */
function turnAway(c: Context, { door, basePath }: GateDeps, path: string): Response {
  const wantsPage = c.req.method === 'GET' && /\btext\/html\b/.test(c.req.header('accept') ?? '');
  const login = `${basePath}/login`;
  if (door.mode === 'password' && wantsPage && c.req.header('authorization') === undefined) {
    // A part that refreshes itself would show the login inside of the page.
    if (c.req.header('hx-request') === 'true') return c.body(null, 401, { 'HX-Redirect': login });
    return c.redirect(`${login}?next=${encodeURIComponent(basePath + path)}`, 303);
  }
  throw new AppError({
    code: 'not_authenticated',
    class: 'auth',
    message: 'Who asks is not known here.',
    hint: 'Log in, or send an API key: Authorization: Bearer pngxk_...',
  });
}

function readOnly(): AppError {
  return refused('key_read_only', 'This key may only read.', 'Use one of scope "full".');
}

function foreignHost(): AppError {
  return refused('host_not_allowed', 'This name does not lead here.', 'Use 127.0.0.1 or localhost, or set PUBLIC_URL.');
}

function refused(code: string, message: string, hint: string): AppError {
  return new AppError({ code, class: 'permission', message, hint });
}
