/** One sentence that a form leaves for the page that is shown next. */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { cookieOptions, type CookieDeps } from '../gate/cookies.ts';

const FLASH_COOKIE = 'pngx_flash';
const MAX_TEXT = 600;

const flash = z.strictObject({ tone: z.enum(['good', 'bad']), text: z.string().max(MAX_TEXT) });
export type Flash = z.output<typeof flash>;

export function leaveFlash(c: Context, deps: CookieDeps, { tone, text }: Flash): void {
  const value = JSON.stringify({ tone, text: text.slice(0, MAX_TEXT) });
  setCookie(c, FLASH_COOKIE, value, { ...cookieOptions(c, deps), maxAge: 60 });
}

export function takeFlash(c: Context, deps: CookieDeps): Flash | null {
  const value = getCookie(c, FLASH_COOKIE);
  if (value === undefined) return null;
  deleteCookie(c, FLASH_COOKIE, cookieOptions(c, deps));
  try {
    return flash.safeParse(JSON.parse(value)).data ?? null;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}
