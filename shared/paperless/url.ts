/** Addresses of instances: what a person may enter (S4), and how a request's URL is built from it. */
import { AppError } from '../kernel/errors.ts';
import { isForbiddenHost } from '../kernel/forbidden-hosts.ts';

function refused(code: string, message: string): AppError {
  return new AppError({ code, class: 'config', message, scope: 'instance' });
}

/** The address of an instance in its one normal form: no trailing slash, no `/api`, lower-case host. */
export function parseInstanceUrl(entered: string): string {
  let url: URL;
  try {
    url = new URL(entered.trim());
  } catch {
    throw refused('url_invalid', 'This is not a web address. Example: https://paperless.example.org');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused('url_scheme', 'Only http:// and https:// addresses can be used.');
  if (url.username !== '' || url.password !== '')
    throw refused('url_credentials', 'The address holds credentials. Give the token in its own field.');
  if (url.search !== '' || url.hash !== '')
    throw refused('url_invalid', 'The address must not hold a query or a fragment.');
  if (url.hostname === '') throw refused('url_invalid', 'The address names no host.');
  if (isForbiddenHost(url.hostname))
    throw refused('url_forbidden_host', 'Link-local and metadata addresses cannot be used.');
  const path = url.pathname.replace(/\/+/g, '/').replace(/\/(api\/?)?$/, '');
  return `${url.origin}${path}`;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

/**
 * Values are percent-encoded, so the `+` of a time's offset travels as %2B: a bare one is a blank for Django and answered
 * with 400 (paperless-api.md 2.3). Pages are addressed here and never by following `next`, whose host a proxy may have
 * spoilt (2.1).
 */
export function buildUrl(baseUrl: string, path: string, query: Query = {}): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `${baseUrl}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}
