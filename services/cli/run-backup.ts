import { join, resolve } from 'node:path';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { backupName, recordMade } from '../../shared/replication/backup/backup-tick.ts';
import { writeBackup } from '../../shared/replication/backup/write-backup.ts';
import { attach } from './attach.ts';
import { printJson, printLines } from './print.ts';

export async function runBackup({ to, json }: { to: string | undefined; json: boolean }): Promise<number> {
  const attached = await attach();
  try {
    const { env, database, version, log } = attached.foundation;
    const file = resolve(to ?? join(env.dataDir, 'backup', backupName(systemClock.now())));
    const made = await writeBackup({ db: database.db, clock: systemClock, version }, file);
    await recordMade({ db: database.db, log }, made);
    if (json) printJson(made);
    else printLines([`Backed up ${made.rows} rows to ${made.file} (${made.bytes} bytes).`]);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}
