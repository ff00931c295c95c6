/** Grants of requests and bytes, one counter an instance for all processes (E8, E14). Times are the database's, in one clock. */
import { sql } from 'kysely';
import type { Db } from './tables.ts';

export interface PaceLimits {
  readonly requestsPerMinute: number | null;
  readonly bytesPerSecond: number | null;
  /** How long the instance still wants to be left alone; 0 or less: it does not. */
  readonly refusedMs: number;
}

export async function paceLimits(db: Db, target: number): Promise<PaceLimits> {
  const { rows } = await sql<PaceLimits>`
    select r.requests_per_minute as "requestsPerMinute", r.max_bytes_per_second as "bytesPerSecond",
      greatest(0, coalesce(extract(epoch from p.refused_until - clock_timestamp()) * 1000, 0))::float8 as "refusedMs"
    from (select ${target}::bigint as target) t
      left join replicas r on r.id = t.target left join request_pace p on p.target = t.target`.execute(db);
  return rows[0] ?? { requestsPerMinute: null, bytesPerSecond: null, refusedMs: 0 };
}

/**
 * Grants what takes `ms` at the pace in question, after everything that was granted before, to whichever process. Returns how
 * many milliseconds from now it begins.
 */
export async function grant(db: Db, target: number, what: 'requests' | 'bytes', ms: number): Promise<number> {
  const column = sql.ref(what === 'requests' ? 'requests_until' : 'bytes_until');
  const length = sql`make_interval(secs => ${ms / 1000}::float8)`;
  const { rows } = await sql<{ begins: number }>`
    insert into request_pace as p (target, ${column}) values (${target}, clock_timestamp() + ${length})
    on conflict (target) do update set ${column} = greatest(p.${column}, clock_timestamp()) + ${length}
    returning (extract(epoch from p.${column} - clock_timestamp()) * 1000)::float8 - ${ms}::float8 as begins`.execute(
    db,
  );
  return Math.max(0, rows[0]?.begins ?? 0);
}

/** The longest rest that was asked for counts. */
export async function noteRefused(db: Db, target: number, ms: number): Promise<void> {
  const until = sql`clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)`;
  await sql`insert into request_pace as p (target, refused_until) values (${target}, ${until})
    on conflict (target) do update set refused_until = greatest(p.refused_until, excluded.refused_until)`.execute(db);
}

/** Instances that asked to be left alone and still do, with the end of it. */
export async function refusedTargets(db: Db): Promise<{ target: number; until: Date }[]> {
  const { rows } = await sql<{ target: number; until: Date }>`
    select target, refused_until as until from request_pace where refused_until > now() order by target`.execute(db);
  return rows;
}
