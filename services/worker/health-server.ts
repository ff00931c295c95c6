/** /healthz, /readyz and /metrics of a worker (O1): our own parts only, never an instance. */
import { createServer, type Server } from 'node:http';
import { AppError } from '../../shared/kernel/errors.ts';
import type { Health, HealthReport } from '../../shared/telemetry/health.ts';

export interface HealthServer {
  close(): Promise<void>;
}

const CLOSED = '{"error":{"code":"not_authenticated","message":"Send an API key: Authorization: Bearer pngxk_..."}}';

export async function startHealthServer(
  health: Health,
  metrics: { contentType: string; render(): Promise<string> },
  at: { host: string; port: number },
  /** METRICS_AUTH=1: numbers only for those with an API key. */
  mayReadMetrics: (authorization: string | undefined) => Promise<boolean>,
): Promise<HealthServer> {
  const answer = async (
    path: string,
    authorization: string | undefined,
  ): Promise<{ status: number; type: string; body: string }> => {
    if (path === '/healthz') return report(await health.check());
    if (path === '/readyz') return report(await health.ready());
    if (path === '/metrics' && !(await mayReadMetrics(authorization)))
      return { status: 401, type: 'application/json', body: CLOSED };
    if (path === '/metrics') return { status: 200, type: metrics.contentType, body: await metrics.render() };
    return {
      status: 404,
      type: 'application/json',
      body: '{"error":{"code":"not_found","message":"There are /healthz, /readyz and /metrics."}}',
    };
  };
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '/', 'http://worker').pathname, request.headers.authorization).then(
      ({ status, type, body }) => response.writeHead(status, { 'Content-Type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, at);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function report(result: HealthReport): { status: number; type: string; body: string } {
  const body = JSON.stringify({
    status: result.ok ? 'ok' : 'failing',
    ...Object.fromEntries(Object.entries(result.parts).map(([name, part]) => [name, part.ok ? 'ok' : 'failing'])),
  });
  return { status: result.ok ? 200 : 503, type: 'application/json', body };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AppError({
          code: 'port_taken',
          class: 'config',
          message: `WORKER_PORT ${port} on ${host} cannot be used.`,
          hint: 'Several workers on one machine need a WORKER_PORT each; 0 takes any free one.',
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}
