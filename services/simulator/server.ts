/**
 * The life of a request, in the order paperless has it: route, Accept, credentials, handler. The order shows: an unknown
 * version is refused before anybody is authenticated and carries no version headers (paperless-api.md 1.3, 1.4).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Context, type Instance } from './context.ts';
import { control } from './control.ts';
import { afterwards, beforehand, type Interference } from './fault-effects.ts';
import { negotiateVersion } from './http/negotiate.ts';
import { HttpError, type Reply, serverError, text } from './http/reply.ts';
import { Query } from './http/query.ts';
import { send } from './http/send.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { dispatch, type Match, type Router } from './router.ts';
import type { User } from './state/model.ts';
import { authenticate } from './users/authenticate.ts';

/** The HTTP side of one simulated instance. */
export class SimulatorServer {
  readonly #instance: Instance;
  readonly #router: Router;
  readonly #log: RequestLog;
  readonly #server: Server;

  constructor(instance: Instance, router: Router, log: RequestLog) {
    this.#instance = instance;
    this.#router = router;
    this.#log = log;
    // A body that is held for a minute and then completed is accepted (paperless-api.md 16).
    this.#server = createServer({ requestTimeout: 600_000, keepAliveTimeout: 60_000 }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  listen(port: number, host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        resolve(`http://${host}:${(this.#server.address() as AddressInfo).port}`);
      });
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, search } = splitUrl(request.url ?? '/');
    if (path.startsWith('/simulator/')) {
      await control({ instance: this.#instance, log: this.#log }, request, response, path);
      return;
    }
    const entry = this.#log.begin(request.method ?? 'GET', path, search, request.headers['user-agent']);
    let ended = false;
    response.once('close', () => {
      if (!ended) this.#log.end(entry, response.headersSent ? response.statusCode : null);
      ended = true;
    });
    try {
      await this.#answer(request, response, entry);
    } catch {
      // The client is gone or the body was cut: nothing was applied and there is nobody to tell.
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, entry: LoggedRequest): Promise<void> {
    const { path, query } = entry;
    const occasion = { method: entry.method, path, detail: query };
    const { latency } = this.#instance.options;
    if (latency > 0) await wait(latency);
    const interference: Interference = await beforehand(this.#instance.faults, occasion);
    if (interference.kind === 'reset') return void response.destroy();
    if (interference.kind === 'silence' && interference.applies === 'none') return;
    const reply = interference.kind === 'reply' ? interference.reply : await this.#handle(request, entry, interference);
    this.#instance.store.commit();
    if (interference.kind === 'silence') return;
    await afterwards(this.#instance.faults, occasion, reply, response, (last) => send(request, response, last));
  }

  async #handle(request: IncomingMessage, entry: LoggedRequest, interference: Interference): Promise<Reply> {
    const match = this.#router.find(entry.path);
    const { profile } = this.#instance;
    let user: User | null = null;
    let reply: Reply;
    try {
      if (!match) return frontend(request, entry.path);
      const apiVersion = negotiateVersion(request.headers.accept, profile);
      user = this.#caller(request, match);
      const context = this.#context(request, entry, apiVersion, user);
      if (interference.kind === 'silence' && interference.applies === 'part') context.appliesPartly = true;
      reply = await dispatch(match, context);
      await noteUpload(context, entry);
    } catch (error) {
      reply = this.#replyTo(error);
    }
    // The version headers show that somebody is signed in (paperless-api.md 1.4).
    const headers = (reply.headers ??= {});
    if (user) Object.assign(headers, versionHeaders(profile.apiVersions.at(-1), profile.version));
    headers['date'] = this.#instance.store.clock.seconds();
    return reply;
  }

  #caller(request: IncomingMessage, match: Match): User | null {
    if (match.route.open) return null;
    const user = authenticate(this.#instance.store, request.headers.authorization);
    const occasion = { method: request.method ?? 'GET', path: request.url ?? '/', detail: '' };
    if (!this.#instance.faults.strike('token-demoted', occasion)) return user;
    return { ...user, isSuperuser: false, isStaff: false };
  }

  #context(request: IncomingMessage, entry: LoggedRequest, apiVersion: number, user: User | null): Context {
    const base = `http://${request.headers.host ?? 'localhost'}`;
    const query = new Query(entry.query);
    return new Context({ instance: this.#instance, request, path: entry.path, query, apiVersion, base, user });
  }

  #replyTo(error: unknown): Reply {
    if (error instanceof HttpError) return error.reply;
    if (error instanceof Error && error.message === 'request aborted') throw error;
    if (this.#instance.options.verbose)
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return serverError().reply;
  }
}

const versionHeaders = (api: number | undefined, version: string): Record<string, string> => ({
  'x-api-version': String(api),
  'x-version': version,
});

function splitUrl(url: string): { path: string; search: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, search: '' } : { path: url.slice(0, at), search: url.slice(at + 1) };
}

async function noteUpload(context: Context, entry: LoggedRequest): Promise<void> {
  if (entry.method !== 'POST' || !context.request.headers['content-type']?.startsWith('multipart/')) return;
  const body = await context.body();
  const [file] = body.kind === 'form' ? body.files : [];
  entry.fileSha256 = file?.blob.sha256 ?? null;
  entry.fileBytes = file?.blob.size ?? null;
}

/** Paths the API does not know belong to the frontend, which wants a session: a redirect, or a refused form. */
function frontend(request: IncomingMessage, path: string): Reply {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text('<h1>Forbidden (403)</h1>\n<p>CSRF verification failed.</p>', 403);
  return text('', 302, { location: `/accounts/login/?next=${path}` });
}
