import pg from 'pg';
import { type Embedded, startEmbedded } from '../../shared/db/embedded.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { openDirectory } from '../support/embedded.ts';
import { applyRoles, TEST_ROLES, urlAs } from '../support/roles.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** A PostgreSQL server of its own, which is started again when it is killed. What was committed survives, as it must. */
export interface Database {
  /** As the runtime role; the pool is the administrator's. */
  readonly url: string;
  readonly port: number;
  /** For whoever watches; a lost connection is made anew. */
  readonly pool: pg.Pool;
  kill(): void;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<Database> {
  const dir = await openDirectory();
  // The machine does not crash here, so nothing has to reach the disk; what was committed is in the system's hands.
  const server: Embedded = await startEmbedded(dir.path, { settings: { fsync: 'off', full_page_writes: 'off' } });
  await applyRoles(server.url);
  await migrate(urlAs(server.url, TEST_ROLES.migrator), { queue: true, queues: QUEUES });
  const pool = new pg.Pool({ connectionString: server.url, max: 3 });
  pool.on('error', () => undefined);
  await watchDeaths(pool);
  return {
    url: urlAs(server.url, TEST_ROLES.runtime),
    port: Number(new URL(server.url).port),
    pool,
    kill: () => void process.kill(server.pid(), 'SIGKILL'),
    close: async () => {
      await pool.end();
      await server.stop();
      await dir.remove();
    },
  };
}

/** The controller keeps no time of death, so the database notes it in a table of ours. */
async function watchDeaths(pool: pg.Pool): Promise<void> {
  await pool.query(`
    create schema chaos;
    create table chaos.deaths (worker uuid primary key, at timestamptz not null default clock_timestamp());
    create function chaos.note_death() returns trigger language plpgsql security definer as $$
      begin insert into chaos.deaths (worker) values (new.id) on conflict do nothing; return null; end $$;
    create trigger note_death after update of dead on workers
      for each row when (new.dead and not old.dead) execute function chaos.note_death();`);
}

export function startQueue(backend: 'redis' | 'postgres'): Promise<TestRedis | null> {
  return backend === 'redis' ? startRedis() : Promise.resolve(null);
}
