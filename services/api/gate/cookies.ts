/** The two cookies there are: the session, and the half of a form's token that a foreign page cannot know (S2). */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { hashToken, isSameSecret } from '../../../shared/kernel/passwords.ts';
import { SESSION } from '../../../shared/replication/doors/admin.ts';
import type { ApiDeps } from '../deps.ts';
import { peerOf } from './visitor-address.ts';

const SESSION_COOKIE = 'pngx_session';
const FORM_COOKIE = 'pngx_form';
const FORM_SECONDS = 3600;
const TOKEN = /^[\w-]{20,100}$/;

export type CookieDeps = Pick<ApiDeps, 'door' | 'basePath' | 'publicUrl'>;

/** Behind TLS by what the operator says, or by the word of a proxy that is trusted. */
function isSecure(c: Context, { door, publicUrl }: CookieDeps): boolean {
  if (publicUrl !== undefined) return publicUrl.startsWith('https:');
  return door.proxies.has(peerOf(c)) && c.req.header('x-forwarded-proto')?.toLowerCase() === 'https';
}

export function cookieOptions(c: Context, deps: CookieDeps) {
  const path = deps.basePath === '' ? '/' : deps.basePath;
  return { path, httpOnly: true, sameSite: 'Lax', secure: isSecure(c, deps) } as const;
}

export function readSession(c: Context): string | null {
  return read(c, SESSION_COOKIE);
}

export function giveSession(c: Context, deps: CookieDeps, token: string): void {
  setCookie(c, SESSION_COOKIE, token, { ...cookieOptions(c, deps), maxAge: SESSION.absoluteSeconds });
  deleteCookie(c, FORM_COOKIE, cookieOptions(c, deps));
}

export function takeSession(c: Context, deps: CookieDeps): void {
  deleteCookie(c, SESSION_COOKIE, cookieOptions(c, deps));
}

/** The token for a form before there is a session; the cookie that it belongs to is kept while it lasts. */
export function formToken(c: Context, deps: CookieDeps & Pick<ApiDeps, 'randomHex'>): string {
  const nonce = read(c, FORM_COOKIE) ?? deps.randomHex(32);
  setCookie(c, FORM_COOKIE, nonce, { ...cookieOptions(c, deps), maxAge: FORM_SECONDS });
  return tokenFor(nonce);
}

/** The token for forms of somebody who is logged in. */
export function sessionFormToken(c: Context): string {
  return tokenFor(readSession(c) ?? '');
}

export function isFormToken(c: Context, given: string, of: 'form' | 'session'): boolean {
  const nonce = of === 'form' ? read(c, FORM_COOKIE) : readSession(c);
  return nonce !== null && isSameSecret(given, tokenFor(nonce));
}

/** Shown in the page, so it must not be the cookie's own value. */
const tokenFor = (nonce: string) => hashToken(`form ${nonce}`);

function read(c: Context, name: string): string | null {
  const value = getCookie(c, name);
  return value !== undefined && TOKEN.test(value) ? value : null;
}
