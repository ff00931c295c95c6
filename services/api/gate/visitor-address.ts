/** Where a request comes from. */
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Door } from '../../../shared/config/env.ts';

export function requestOf(c: Context): IncomingMessage | undefined {
  return (c.env as Partial<HttpBindings> | undefined)?.incoming;
}

/** The socket's address: unlike a header nobody can make it up. */
export function peerOf(c: Context): string {
  return requestOf(c)?.socket.remoteAddress ?? '';
}

/** For counting guesses and for the audit log: the address behind trusted proxies, as far as they are trusted. */
export function sourceOf(c: Context, { proxies }: Pick<Door, 'proxies'>): string {
  const hops = (c.req.header('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
  let address = peerOf(c);
  while (proxies.has(address)) {
    const next = hops.pop();
    if (next === undefined || next === '') break;
    address = next;
  }
  return address.slice(0, 100);
}
