/** Link-local and cloud metadata addresses: a controller must not become a way to read a host's credentials (S4). */
// oxlint-disable-next-line no-restricted-imports -- these two compute; nothing is opened by them
import { BlockList, isIP } from 'node:net';

/** The host of a URL, as `URL` gives it. */
export function isForbiddenHost(hostname: string): boolean {
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
