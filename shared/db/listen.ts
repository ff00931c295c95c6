import { type Kysely, sql } from 'kysely';
import postgres from 'postgres';
import { AppError } from '../kernel/errors.ts';

/**
 * LISTEN/NOTIFY. postgres.js does this one thing, because its `listen` finds back to a restarted server by itself; it
 * gets no business query and no `reserve()`, which would take the process down when a connection dies
 * (docs/decisions). Events that happen during a gap are lost: `onGap` tells the listener to read the truth again.
 */
export interface Listener {
  /** Resolves when the subscription stands. */
  on(channel: string, listener: (payload: string) => void, onGap?: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Settings or the address of the master changed: whoever keeps a copy reads them again. */
export const SETTINGS_CHANGED = 'pngx_settings';

/** Something was cancelled or is past its time: `run:7`, `link:9`, `verification:3`. */
export const STOP_WORK = 'pngx_stop_work';

/** A process ended in order: its work and, if it led, the lead are free. */
export const PROCESS_LEFT = 'pngx_process_left';

/** New rows in the logs; the id of the last. */
export const LOGS_WRITTEN = 'pngx_logs';

/** A run was opened, ended, or got on; its id. Sent by a trigger (migrations/2026-11-24-live.ts). */
export const PROGRESS_CHANGED = 'pngx_progress';

/** PostgreSQL refuses more than 7,999 bytes: send ids, not content. */
const MAX_PAYLOAD = 7999;

function settings(url: string): postgres.Options<Record<string, postgres.PostgresType>> {
  return {
    max: 1,
    // Otherwise each connection begins with a query of its own for types that are never used here.
    fetch_types: false,
    connection: { application_name: 'pngx-controller listener' },
    connect_timeout: 10,
    backoff: (tries: number) => Math.min(0.1 * 2 ** tries, 1),
    onnotice: () => undefined,
    // The library would ask the environment and the operating system's user for what a URL leaves out.
    host: new URL(url).hostname,
  };
}

export function openListener(url: string): Listener {
  const client = postgres(url, settings(url));
  return {
    async on(channel, listener, onGap) {
      let subscribed = false;
      await client.listen(channel, listener, () => {
        if (subscribed) onGap?.();
        subscribed = true;
      });
    },
    close: () => client.end({ timeout: 2 }),
  };
}

/** Sends at commit when called with a transaction. */
export async function notify<DB>(db: Kysely<DB>, channel: string, payload = ''): Promise<void> {
  if (Buffer.byteLength(payload) > MAX_PAYLOAD)
    throw new AppError({
      code: 'internal_error',
      class: 'internal',
      message: `A notification on ${channel} is too long.`,
    });
  await sql`select pg_notify(${channel}, ${payload})`.execute(db);
}
