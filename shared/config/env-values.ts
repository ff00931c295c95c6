import { isIP } from 'node:net';
import { z } from 'zod';
import { isForbiddenHost } from '../kernel/forbidden-hosts.ts';
import { nearest } from './nearest.ts';
import { parseTrustedProxies } from './trusted-proxies.ts';

/**
 * One parser a kind of value. A refusal names the nearest valid value; it never repeats what was given where that may be a
 * secret (URLs with passwords, keys).
 */
function refuse(ctx: z.RefinementCtx, message: string): never {
  ctx.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export function wholeNumber(min: number, max: number) {
  return z.string().transform((text, ctx) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= min && value <= max) return value;
    // Kubernetes writes "tcp://10.0.0.1:80" into NAME_PORT of every service it finds in the namespace.
    if (text.startsWith('tcp://'))
      return refuse(ctx, 'holds a service address. Set it yourself, or set enableServiceLinks: false on the pod.');
    const close = Number.isFinite(value) ? Math.min(max, Math.max(min, Math.round(value))) : min;
    return refuse(ctx, `must be a whole number from ${min} to ${max}. The nearest valid value is ${close}.`);
  });
}

export function oneOf<const T extends string>(values: readonly T[]) {
  return z.string().transform((text, ctx) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    return refuse(ctx, `must be one of ${values.join(', ')}. The nearest valid value is ${nearest(text, values)}.`);
  });
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

export function serverUrl(protocols: readonly string[], example: string) {
  return z.string().transform((text, ctx) => {
    const scheme = /^([a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
    if (scheme === 'sqlite' || scheme === 'file')
      return refuse(
        ctx,
        'names a SQLite file. This program keeps its data in PostgreSQL: leave the variable out for the embedded server, or give postgres://user:password@host:5432/name.',
      );
    const url = parseUrl(text);
    if (url === null || !protocols.includes(url.protocol.slice(0, -1)) || url.hostname === '') {
      const hint = scheme === undefined ? '' : ` The nearest valid scheme is ${nearest(scheme, protocols)}.`;
      return refuse(ctx, `must look like ${example}.${hint}`);
    }
    return text;
  });
}

/** The reason why a person's URL is refused (S4), or null. */
export function webUrlFault(text: string): string | null {
  const url = parseUrl(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'must be a full address such as https://paperless.example.org.';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password.';
  if (isForbiddenHost(url.hostname)) return 'must not be a link-local or metadata address.';
  return null;
}

export const webUrl = z.string().transform((text, ctx) => {
  const fault = webUrlFault(text);
  return fault === null ? text.replace(/\/+$/, '') : refuse(ctx, fault);
});

export const basePath = z.string().transform((text, ctx) => {
  const tidy = `/${text.split('/').filter(Boolean).join('/')}`;
  if (tidy === '/') return '';
  if (tidy === text && /^[\w./~-]+$/.test(text)) return text;
  return refuse(ctx, `must start with a slash and not end with one. The nearest valid value is ${tidy}.`);
});

export const timeZone = z.string().transform((text, ctx) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    const best = nearest(text, Intl.supportedValuesOf('timeZone'));
    return refuse(ctx, `is not a time zone. The nearest valid value is ${best}.`);
  }
});

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** An address of this machine, or a name that leads to one; whether it may be reached from a network is judged in env.ts. */
export const listenHost = z.string().transform((text, ctx) => {
  if (isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) return text;
  return refuse(ctx, 'must be an address to listen on, such as 127.0.0.1 or 0.0.0.0, without port and scheme.');
});

export const trustedProxies = z.string().transform((text, ctx) => {
  const proxies = parseTrustedProxies(text);
  if (proxies !== null) return proxies;
  return refuse(
    ctx,
    'must be addresses or networks such as 10.0.0.2, 172.16.0.0/12, fd00::/8, and not all of them (/0).',
  );
});

export const headerName = z.string().transform((text, ctx) => {
  if (/^[A-Za-z0-9-]{1,100}$/.test(text)) return text.toLowerCase();
  return refuse(ctx, 'must be the name of a header, such as X-authentik-username.');
});

/** Never repeats what was given. */
export const newPassword = z.string().transform((text, ctx) => {
  const fault = passwordFault(text);
  return fault === null ? text : refuse(ctx, fault);
});

export const MIN_PASSWORD = 8;
const MAX_PASSWORD = 1000;

export function passwordFault(text: string): string | null {
  if (text.length < MIN_PASSWORD) return `must have at least ${MIN_PASSWORD} characters.`;
  return text.length > MAX_PASSWORD ? `must have at most ${MAX_PASSWORD} characters.` : null;
}
