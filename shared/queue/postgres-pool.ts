import { ConnectionClosedError } from 'bullmq';
import pg from 'pg';
import { SECOND } from '../kernel/clock.ts';
import { isLostConnection } from '../kernel/lost-connection.ts';

/**
 * The library's pool, with two things set right. Both error handlers are there, since a lost connection may not end the
 * process. And a lost connection looks like one to the library, which knows those of Redis alone: without it a job whose
 * handler succeeded ends as failed when the server is restarted at the moment of its completion (seen). This way the
 * library repeats the statement until the server is back.
 */
export function createQueuePool(
  connectionString: string,
  max: number,
  onError: (error: Error) => void,
  applicationName = 'pngx-controller queue',
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    keepAlive: true,
    connectionTimeoutMillis: 10 * SECOND,
    options: '-c search_path=bullmq',
    application_name: applicationName,
    // A session connection, never a pooler's: the rows of a process that froze or was cut off are free after this.
    idle_in_transaction_session_timeout: 15 * SECOND,
  });
  pool.setMaxListeners(0);
  pool.on('error', onError);
  pool.on('connect', (client) => {
    client.setMaxListeners(0);
    client.on('error', onError);
  });
  const query = pool.query.bind(pool) as (text: string, values?: unknown[]) => Promise<pg.QueryResult>;
  pool.query = (async (text: string, values?: unknown[]) => {
    try {
      return await query(text, values);
    } catch (error) {
      throw isLostConnection(error) ? new ConnectionClosedError(error.message) : error;
    }
  }) as typeof pool.query;
  return pool;
}
