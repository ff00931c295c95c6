/** Addresses of instances: what a person may enter (S4), and how a request's URL is built from it. */
import { BlockList, isIP } from 'node:net';
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
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 4) return FORBIDDEN.check(plain, 'ipv4');
  if (family !== 6) return false;
  const inside = embeddedIpv4(plain);
  return FORBIDDEN.check(plain, 'ipv6') || (inside !== null && FORBIDDEN.check(inside, 'ipv4'));
}

/** Loopback and private networks are not in it: that is where instances live. */
const FORBIDDEN = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8], // "this host": on Linux another name of loopback, and of nothing a person would enter
  ['169.254.0.0', 16], // link-local, with the metadata services of most clouds
  ['100.100.100.200', 32], // metadata services outside of it: Alibaba, Azure, Oracle
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['224.0.0.0', 4], // multicast, reserved, broadcast
  ['240.0.0.0', 4],
] as const)
  FORBIDDEN.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32], // metadata services: Amazon, Google
  ['fd20:ce::', 32],
] as const)
  FORBIDDEN.addSubnet(network, prefix, 'ipv6');

/** IPv4 in the clothes of IPv6: mapped (::ffff:), compatible (::), translated (64:ff9b::), 6to4 (2002:). */
function embeddedIpv4(address: string): string | null {
  const groups = groupsOf(address);
  const dotted = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  const translated = groups[0] === 0x64 && groups[1] === 0xff9b;
  const zeros = groups.slice(0, 5).every((group) => group === 0);
  const mapped = zeros && (groups[5] === 0xffff || (groups[5] === 0 && groups[6] !== 0));
  return translated || mapped ? dotted(groups[6], groups[7]) : null;
}

/** `URL` writes every form of an address in one way, with the dotted end as two groups. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [parse(head), parse(tail ?? '')];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
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
