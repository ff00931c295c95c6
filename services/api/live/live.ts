/** Live streams of this process: one LISTEN connection for all clients, and nothing left when they are gone. */
import type { Context } from 'hono';
import type { Listener } from '../../../shared/db/listen.ts';
import type { LogFilter } from '../../../shared/db/logs.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { MINUTE, SECOND } from '../../../shared/kernel/clock.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { EngineLog } from '../../../shared/replication/deps.ts';
import { requestOf } from '../gate/visitor-address.ts';
import { createLogsFeed, type LogFollower } from './logs-feed.ts';
import { createProgressFeed } from './progress-feed.ts';
import { KEEP_ALIVE, openLiveClient, type LiveClient } from './stream.ts';

export interface Live {
  /** `after`: the last line that the client has, unless its Last-Event-ID says more. */
  logs(
    c: Context,
    filter: LogFilter,
    how: Pick<LogFollower, 'render'> & { readonly after?: number | undefined },
  ): Response;
  progress(c: Context): Response;
  /** How many clients there are, and how many of them are told something: nothing of those who left may remain. */
  readonly clients: number;
  readonly followers: number;
  /** Ends all streams, and lets none in any more: a server does not close while one is open. */
  close(): void;
}

const MAX_CLIENTS = 1000;
/** Below what proxies take for a dead connection. */
const KEEP_ALIVE_MS = 15 * SECOND;
/** Who may see it is asked at the beginning only, so it begins anew: a browser comes again by itself, where it was. */
const MAX_AGE_MS = 15 * MINUTE;
/** A peer that takes not even the keep-alive is gone, or wants to hold memory here. */
const STUCK_MS = 60 * SECOND;
const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // nginx and its kin would hold events back.
  'X-Accel-Buffering': 'no',
};
const EVENT_ID = /^\d{1,15}$/;

export function createLive(deps: {
  readonly db: Db;
  readonly listener: Listener;
  readonly log: Pick<EngineLog, 'warning'>;
}): Live {
  const open = new Map<LiveClient, number>();
  let closed = false;
  let beat: NodeJS.Timeout | undefined;
  const onError = (thrown: unknown) =>
    deps.log.warning(`A live stream could not be filled: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  const logs = createLogsFeed({ ...deps, onError });
  const progress = createProgressFeed({ ...deps, onError });

  const keepAlive = () => {
    const old = performance.now() - MAX_AGE_MS;
    for (const [client, since] of open)
      if (since < old) client.close();
      else client.send(KEEP_ALIVE);
  };
  const begin = (c: Context, follow: (client: LiveClient) => Promise<void>): Response => {
    if (closed || open.size >= MAX_CLIENTS) throw tooMany();
    // Nobody reads the body of an answer to HEAD, so nobody would end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    dropWhenStuck(c);
    const client = openLiveClient(c.req.raw.signal, () => {
      open.delete(client);
      logs.leave(client);
      progress.leave(client);
      if (open.size > 0) return;
      clearInterval(beat);
      beat = undefined;
    });
    open.set(client, performance.now());
    beat ??= setInterval(keepAlive, KEEP_ALIVE_MS).unref();
    void follow(client).catch((thrown: unknown) => {
      onError(thrown);
      client.close();
    });
    return c.body(client.body, 200, HEADERS);
  };
  return {
    logs: (c, filter, { render, after }) => {
      const given = c.req.header('last-event-id') ?? '';
      const since = EVENT_ID.test(given) ? Number(given) : after;
      return begin(c, (client) => logs.follow({ filter, client, render }, since));
    },
    progress: (c) => begin(c, (client) => progress.follow(client)),
    get clients() {
      return open.size;
    },
    get followers() {
      return logs.followers + progress.followers;
    },
    close() {
      closed = true;
      for (const client of open.keys()) client.close();
    },
  };
}

function dropWhenStuck(c: Context): void {
  const socket = requestOf(c)?.socket;
  socket?.setTimeout(STUCK_MS, () => socket.destroy());
}

function tooMany(): AppError {
  return new AppError({
    code: 'too_many_streams',
    class: 'rate-limited',
    message: 'This process has no more live streams to give.',
    hint: 'Ask again later, or read GET /api/logs now and then.',
    retryAfterMs: 10 * SECOND,
  });
}
