import { BlockList, isIP } from 'node:net';

/** Who may say in a header who a visitor is (S1): socket addresses only, never what a header claims. */
export interface TrustedProxies {
  readonly size: number;
  has(address: string): boolean;
}

/** Addresses and networks (10.0.0.0/8, fd00::/8), separated by commas or blanks; null where one is none. */
export function parseTrustedProxies(text: string): TrustedProxies | null {
  const list = new BlockList();
  const entries = text.split(/[\s,]+/).filter(Boolean);
  for (const entry of entries) if (!add(list, entry)) return null;
  return { size: entries.length, has: (address) => contains(list, address) };
}

export const NO_PROXIES: TrustedProxies = { size: 0, has: () => false };

function add(list: BlockList, entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const bits = family === 4 ? 32 : 128;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return false;
  const length = prefix === undefined ? bits : Number(prefix);
  // A list that holds everybody would let everybody say who they are.
  if (length < 1 || length > bits) return false;
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

function contains(list: BlockList, address: string): boolean {
  // A socket that listens on :: shows IPv4 visitors as ::ffff:10.0.0.1.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
