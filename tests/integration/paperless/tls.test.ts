import { createServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { answer, connect, failure, UI_SETTINGS } from './support.ts';
import { AUTHORITY, CLIENT_CERTIFICATE, CLIENT_KEY, SERVER_CERTIFICATE, SERVER_KEY } from './tls-fixture.ts';

async function serveTls(options: ServerOptions = {}) {
  const clients: string[] = [];
  const server = createServer({ cert: SERVER_CERTIFICATE, key: SERVER_KEY, ...options }, (request, response) => {
    const subject = (request.socket as TLSSocket).getPeerCertificate().subject;
    clients.push(String(subject?.CN ?? 'none'));
    request.resume();
    answer(response, 200, request.method === 'GET' ? UI_SETTINGS : { id: 5, modified: '2026-01-01T00:00:00Z' });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clients,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('instances behind TLS', () => {
  it('with a private authority are refused by name until the authority is given', async () => {
    await using server = await serveTls();
    expect(await failure(connect(server.url).reader.probe())).toMatchObject({
      code: 'tls_untrusted',
      class: 'config',
      scope: 'instance',
    });
    expect((await connect(server.url, { tls: { ca: AUTHORITY } }).reader.probe()).version).toBe('3.0.5');
  });

  it('that ask for a client certificate get it, for reads and writes', async () => {
    await using server = await serveTls({ ca: AUTHORITY, requestCert: true, rejectUnauthorized: true });
    const tls = { ca: AUTHORITY, certificate: CLIENT_CERTIFICATE, key: CLIENT_KEY };
    const { reader, writer, guard } = connect(server.url, { tls });
    await reader.probe();
    await writer.patchDocument(5, {});
    expect(server.clients).toEqual(['client', 'client']);
    expect(guard.asked).toBeGreaterThanOrEqual(3);
    expect((await failure(connect(server.url, { tls: { ca: AUTHORITY } }).reader.probe())).class).toMatch(
      /transient|not-an-api|config/,
    );
  });

  it('send no byte of a write when the process dies during the handshake', async () => {
    await using server = await serveTls();
    const { writer, guard } = connect(server.url, { tls: { ca: AUTHORITY } });
    guard.deadFrom = 2;
    expect(await failure(writer.patchDocument(5, {}))).toMatchObject({ code: 'worker_fenced' });
    expect(server.clients).toEqual([]);
  });
});
