import pg from 'pg';
import { SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { describeUrl } from './client.ts';

const CLIENTS = 3;
const PID = 'select pg_backend_pid() as pid';

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'pngx-controller start',
    connectionTimeoutMillis: 5 * SECOND,
    query_timeout: 5 * SECOND,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function serverPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(PID);
  return rows[0]?.pid ?? 0;
}

/** The server says at connect which process it gave us; a pooler in between makes something up. */
async function isServer(client: pg.Client): Promise<boolean> {
  const told = (client as { readonly processID?: number | null }).processID;
  return told === (await serverPid(client));
}

/**
 * Whether one connection's next transaction may run in another session: then what belongs to a session (LISTEN, advisory
 * locks) is lost without a word. A pooler that lends sessions out gives the same one to two connections that stand side by
 * side, or another one to a connection whose own is lent out just now.
 */
export async function sharesSessions(url: string): Promise<boolean> {
  const clients = [await open(url)];
  try {
    if (await isServer(clients[0]!)) return false;
    while (clients.length < CLIENTS) clients.push(await open(url));
    const first: number[] = [];
    for (const client of clients) first.push(await serverPid(client));
    if (new Set(first).size < CLIENTS) return true;
    for (const client of clients) await client.query('begin');
    // The other way round, so that a pool that hands out its sessions in turn does not look like one that keeps them.
    for (const at of [...clients.keys()].reverse()) if ((await serverPid(clients[at]!)) !== first[at]) return true;
    return false;
  } finally {
    for (const client of clients) await client.end().catch(() => undefined);
  }
}

/** Refused at the start, because nothing would fail later: wake-ups would be lost, and limits exceeded (E14). */
export async function assertSessions(url: string, variable: 'DATABASE_URL' | 'DATABASE_DIRECT_URL'): Promise<void> {
  if (!(await sharesSessions(url))) return;
  throw new AppError({
    code: 'database_pooled',
    class: 'config',
    message: `${variable} leads through a transaction pooler (${describeUrl(url)}), where LISTEN and locks do not last.`,
    hint: 'Set DATABASE_DIRECT_URL to the server itself, or to a pooler in session mode. DATABASE_URL may stay as it is.',
  });
}
