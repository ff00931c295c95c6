/** Addresses of instances: what a person may enter (S4), and how a request's URL is built from it. */
import { isIP } from 'node:net';
import { AppError } from '../kernel/errors.ts';

function refused(code: string, message: string): AppError {
  return new AppError({ code, class: 'config', message, scope: 'instance' });
}

/** Link-local and cloud metadata addresses: a controller must not become a way to read a host's credentials (S4). */
function isForbiddenHost(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (host === 'metadata' || host === 'metadata.google.internal' || host === 'instance-data') return true;
  return isForbiddenAddress(host);
}

/** For resolved addresses too: a public name may point to a link-local address. */
export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return isForbiddenIpv4(address);
  if (family !== 6) return false;
  const mapped = mappedIpv4(address.toLowerCase());
  if (mapped !== null) return isForbiddenIpv4(mapped);
  const first = Number.parseInt(address.split(':')[0] || '0', 16);
  // fe80::/10 link-local, fd00:ec2::254 and fd20:ce::254 metadata services, :: the unspecified address
  return (first & 0xffc0) === 0xfe80 || /^fd00:ec2:|^fd20:ce:/i.test(address) || /^(0*:)*:?0*$/.test(address);
}

function isForbiddenIpv4(address: string): boolean {
  // 100.100.100.200 and 168.63.129.16 are metadata services outside the link-local range
  return /^169\.254\.|^0\./.test(address) || address === '100.100.100.200' || address === '168.63.129.16';
}

/** `URL` prints ::ffff:169.254.1.1 as ::ffff:a9fe:101, so both forms have to be read. */
function mappedIpv4(address: string): string | null {
  const dotted = /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^(?:0*:)*:?ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (hex === null) return null;
  const high = Number.parseInt(hex[1] ?? '0', 16);
  const low = Number.parseInt(hex[2] ?? '0', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
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
