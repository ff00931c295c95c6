import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { delay } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { createApp } from './app.ts';
import type { ApiDeps } from './deps.ts';

export interface RunningApi {
  /** With the port that was really taken, and the base path. */
  readonly url: string;
  /** No new connections; answers under way may finish for `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** How long a visitor may take to send a request: slow ones would hold connections for as long as they like. */
export const PATIENCE = { headersMs: 15_000, requestMs: 30_000, checkMs: 5000 } as const;

export async function startApi(
  deps: ApiDeps,
  at: { readonly host: string; readonly port: number },
  patience: { readonly [limit in keyof typeof PATIENCE]: number } = PATIENCE,
): Promise<RunningApi> {
  const app = createApp(deps);
  const serverOptions = {
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: patience.checkMs,
  };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  await listen(server, at);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  const stop = (graceMs: number) => {
    // A server with an open stream never closes.
    deps.live.close();
    return close(server, graceMs);
  };
  return { url: `http://${host}:${port}${deps.basePath}`, close: stop };
}

function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, at)));
    server.listen(at.port, at.host, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function cannotListen(
  error: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): AppError {
  const taken = error.code === 'EADDRINUSE';
  const why = taken ? 'is in use by another program' : `cannot be used (${error.code ?? error.message})`;
  return new AppError({
    code: 'port_taken',
    class: 'config',
    message: `Port ${port} on ${host} ${why}.`,
    hint: 'Stop the other program, or set PORT to a free one (0 takes any).',
    cause: error,
  });
}

/** A kept-alive connection would hold `close` for as long as the browser likes; after the grace time all are cut. */
async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const stop = new AbortController();
  await Promise.race([closed, delay(graceMs, stop.signal).catch(() => undefined)]);
  stop.abort();
  server.closeAllConnections();
  await closed;
}
