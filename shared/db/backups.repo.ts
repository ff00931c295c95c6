/** When our own database was backed up, and what a restore has to mark (C2, H10). */
import { sql } from 'kysely';
import { holdDeletionsAfterRestore } from './absences.repo.ts';
import type { BackupsTable } from './backup-tables.ts';
import type { Insertable, Selectable } from 'kysely';
import type { Db } from './tables.ts';

export type BackupRow = Selectable<BackupsTable>;

export async function noteBackup(db: Db, row: Insertable<BackupsTable>): Promise<void> {
  await db.insertInto('backups').values(row).execute();
}

export function lastBackup(db: Db, state: BackupRow['state']): Promise<BackupRow | undefined> {
  return db
    .selectFrom('backups')
    .selectAll()
    .where('state', '=', state)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** True when a good cycle has ended that no look has followed yet, and the last look was not just now. */
export async function backupDue(db: Db, everySeconds: number, retrySeconds: number): Promise<boolean> {
  const { rows } = await sql<{ due: boolean }>`
    select exists (select from sync_runs where kind = 'cycle' and outcome in ('ok', 'partial')
        and finished_at > coalesce((select max(made_at) from backups where state <> 'failed'), '-infinity'))
      and not exists (select from backups where state <> 'failed' and made_at > now() - make_interval(secs => ${everySeconds}))
      and not exists (select from backups where made_at > now() - make_interval(secs => ${retrySeconds})) as due`.execute(
    db,
  );
  return rows[0]?.due === true;
}

export async function pruneBackups(db: Db): Promise<void> {
  await sql`delete from backups where made_at < now() - interval '30 days'
    and id <> (select coalesce(max(id), 0) from backups where state = 'made')`.execute(db);
}

/**
 * What the backup says of the instances is old by now. Nothing is uploaded to a replica before a reconcile of it (H10),
 * nothing deleted before two sweeps (E20); every copy is compared again, and no lease, job or process of before counts.
 * A master's value written after the backup would look like an edit of a person (H18): where the master wins anyway the
 * base is forgotten; where a person decides it stays, and the doubtful fields wait for that person.
 */
export async function markRestored(db: Db, why: string, leap: number): Promise<void> {
  await sql`update replicas set reconcile_required = ${why}, sweep_started_at = null, sweep_position = null,
    last_sweep_at = null, consecutive_failures = 0`.execute(db);
  await sql`update master_state set next_cycle_at = now(), last_sweep_at = null`.execute(db);
  await holdDeletionsAfterRestore(db);
  await releaseRestored(db, leap);
  await sql`update sync_map s set dirty_seq = nextval('dirty_seq'),
      applied = case when r.conflict_policy = 'person' then s.applied end
    from replicas r where r.id = s.replica_id and s.status = 'ok' and s.phase <> 'gone'`.execute(db);
}

/** No process holds anything of what was just loaded, and no job of before is about it. */
export async function releaseRestored(db: Db, leap: number): Promise<void> {
  await sql`update leader set worker_id = null, epoch = epoch + 1`.execute(db);
  await sql`update sync_map set lease_worker = null, lease_epoch = lease_epoch + 1, dispatched_at = null,
    dispatch_gen = dispatch_gen + ${leap}, next_due_at = null`.execute(db);
  await sql`update verifications set lease_worker = null, dispatched_at = null where finished_at is null`.execute(db);
}
