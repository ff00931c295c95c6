/**
 * Bull Board under /queues, behind the same gate as everything else. It is another project's page, so it is held short: its
 * answers are redacted, of what it can change only "again, please" passes, and it loads nothing from elsewhere.
 */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../../shared/kernel/errors.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { redactJobs } from '../presenters/redact.ts';

/** Its scripts make style elements; scripts themselves come from its own files alone. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self' 'unsafe-inline'`,
  `img-src 'self' data:`,
  `font-src 'self'`,
  `connect-src 'self'`,
  `base-uri 'self'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

/** Everything else it can do (clean, add, empty, obliterate, pause, edit) would leave our rows and the queue apart. */
const ALLOWED =
  /^\/api\/queues\/[\w-]+\/(retry\/failed|promote|(?!clean\/|retry\/|rate-limit\/)[\w.:-]+\/(retry|promote)(\/failed)?)$/;

export function queueBoard(deps: ApiDeps): Hono<GateVariables> {
  const base = `${deps.basePath}/queues`;
  const overview = `${deps.basePath}/queue`;
  const routes = new Hono<GateVariables>();
  routes.get('/queues/', (c) => c.redirect(base, 308));
  routes.use('/queues/*', held(base, overview));
  routes.use('/queues', held(base, overview));
  routes.route('/queues', boardOf(deps, base));
  return routes;
}

function boardOf(deps: ApiDeps, base: string): Hono {
  const serverAdapter = new HonoAdapter(serveStatic);
  const queues = QUEUES.map((name) => {
    // Its type names a queue of one backend; ours is whichever the environment says.
    const queue = deps.backend.queue(name) as ConstructorParameters<typeof BullMQAdapter>[0];
    return new BullMQAdapter(queue, { description: DESCRIPTIONS[name] ?? '' });
  });
  createBullBoard({
    queues,
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Queues',
        hideDocsLink: true,
        // What it finds out about a server depends on the backend, and is asked with each look.
        hideRedisDetails: true,
        showWorkers: false,
        pollingInterval: { showSetting: false, forceInterval: 15 },
        miscLinks: [
          { text: 'Documents that failed', url: `${deps.basePath}/documents?status=error` },
          { text: 'Overview of the queue', url: `${deps.basePath}/queue` },
          { text: 'pngx-controller', url: `${deps.basePath}/` },
        ],
      },
    },
  });
  return serverAdapter.setBasePath(base).registerPlugin();
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  document: 'A document that failed is no failed job: see "Documents that failed" in the menu.',
};

function held(base: string, overview: string) {
  return createMiddleware<GateVariables>(async (c, next) => {
    const path = c.req.path.slice(base.length);
    if (!['GET', 'HEAD'].includes(c.req.method) && !(c.req.method === 'PUT' && ALLOWED.test(path))) throw refused();
    await next();
    const type = c.res.headers.get('content-type') ?? '';
    const { status } = c.res;
    if (path.startsWith('/static')) {
      c.header('Cache-Control', 'public, max-age=3600');
    } else if (type.includes('application/json')) {
      const body = redactJobs(await c.res.json());
      c.res = new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
    } else if (type.includes('text/html')) {
      const page = ownPage(await c.res.text(), overview);
      c.res = new Response(page, { status, headers: { 'content-type': type } });
      c.header('Content-Security-Policy', POLICY);
    }
  });
}

/** Without the fonts of another site. While the scripts load, or where there are none, words and not an empty page. */
function ownPage(html: string, overview: string): string {
  return html
    .replaceAll(/<link[^>]+href="https?:[^>]*>/g, '')
    .replace(/<div id="root">[\s\S]*?<\/style>\s*<\/div>/, `<div id="root">${waitingFor(overview)}</div>`);
}

/** The board takes its place. */
const waitingFor = (overview: string): string =>
  `<p role="status">The board is loading. It needs scripts; <a href="${overview}">the overview of the queue</a> does not.</p>`;

function refused(): AppError {
  return new AppError({
    code: 'board_refused',
    class: 'permission',
    message: 'The board may only put jobs back: it cannot add, change, clean, pause or remove any.',
    hint: 'Pause a replica on its page. What is left in the queue goes away by itself.',
  });
}
