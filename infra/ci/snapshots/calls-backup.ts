/** Calls of the repositories of backups and keys. */
import * as backups from '../../../shared/db/backups.repo.ts';
import * as sealed from '../../../shared/db/sealed.repo.ts';
import type { Call, Calls } from './calls.ts';

const backupRepoCalls: Calls<typeof backups> = {
  noteBackup: (db) => backups.noteBackup(db, { state: 'unchanged', digest: 'd' }),
  lastBackup: (db) => backups.lastBackup(db, 'made'),
  backupDue: (db) => backups.backupDue(db, 3600, 300),
  pruneBackups: (db) => backups.pruneBackups(db),
  markRestored: (db) => backups.markRestored(db, 'why', 1),
  releaseRestored: (db) => backups.releaseRestored(db, 1),
};

const sealedCalls: Calls<typeof sealed> = {
  lockSealed: (db) => db.transaction().execute((trx) => sealed.lockSealed(trx, ['master_token'])),
  async replaceSealed(db) {
    for (const what of ['canary', 'setting', 'replica', 'channel'] as const)
      await sealed.replaceSealed(db, { what, key: '1', token: 'old' }, 'new');
  },
  disableChannel: (db) => sealed.disableChannel(db, 1),
  pauseWithoutToken: (db, { replicaId }) => sealed.pauseWithoutToken(db, replicaId, 'why'),
};

export const backupCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  backups: backupRepoCalls,
  sealed: sealedCalls,
};
