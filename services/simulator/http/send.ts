/**
 * Sends replies byte for byte: headers are written as they stand, and a length is always stated, so that a client can tell a
 * cut body from a short one.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './reply.ts';

export function bodyOf(reply: Reply): Buffer | null {
  if (reply.file) return null;
  if (reply.text !== undefined) return Buffer.from(reply.text, 'utf8');
  return reply.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(reply.json), 'utf8');
}

export function writeHead(response: ServerResponse, reply: Reply, length: number): void {
  const headers: Record<string, string> = { vary: 'Accept, Accept-Language', ...reply.headers };
  if (reply.json !== undefined) headers['content-type'] ??= 'application/json';
  if (reply.status !== 304 && reply.status !== 204) headers['content-length'] = String(length);
  // Header values are bytes: names of documents may hold characters that Node refuses otherwise.
  for (const [name, value] of Object.entries(headers))
    response.setHeader(name, Buffer.from(value, 'utf8').toString('latin1'));
  response.writeHead(reply.status);
}

/** Sends a reply as it is; a HEAD request gets the headers alone. */
export async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const body = bodyOf(reply);
  writeHead(response, reply, body ? body.length : (reply.file?.size ?? 0));
  if (request.method === 'HEAD' || reply.status === 304) response.end();
  else if (body) response.end(body);
  else if (reply.file) await pipeline(reply.file.open(), response);
  // What is left of a body nobody read would be taken for the next request on this connection.
  if (!request.complete) request.resume();
}
