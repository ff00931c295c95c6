/** Calls of the repositories of logins, keys and the audit log (S1, S7). */
import * as admin from '../../../shared/db/admin.repo.ts';
import * as apiKeys from '../../../shared/db/api-keys.repo.ts';
import * as audit from '../../../shared/db/audit.repo.ts';
import type { Call, Calls } from './calls.ts';

const session = { tokenHash: 'b', earlier: 'a', passwordHash: 'hash', seconds: 60 };
const limits = { windowSeconds: 300, perSource: 5, overall: 50 };
const key = (name: string) => ({ name, keyHash: name, hint: 'pngxk_ab', scope: 'read' as const, createdBy: 'a' });

export const doorCalls = {
  admin: {
    passwordHash: (db) => admin.passwordHash(db),
    setFirstPassword: (db) => admin.setFirstPassword(db, 'hash', 'setup_code'),
    resetPassword: (db) => admin.resetPassword(db, 'hash', 'setup_code'),
    async openSession(db) {
      await admin.resetPassword(db, 'hash', 'setup_code');
      await admin.openSession(db, session);
    },
    async useSession(db) {
      await admin.resetPassword(db, 'hash', 'setup_code');
      await admin.openSession(db, { ...session, tokenHash: 'c' });
      await db.updateTable('sessions').set({ last_seen_at: '2026-01-01T00:00:00Z' }).execute();
      await admin.useSession(db, 'c', 1e10);
    },
    endSession: (db) => admin.endSession(db, 'c'),
    countGuess: (db) => admin.countGuess(db, '10.0.0.9', limits),
    forgetGuesses: (db) => admin.forgetGuesses(db, '10.0.0.9'),
    pruneDoors: (db) => admin.pruneDoors(db, 60, 400),
  } satisfies Calls<typeof admin> as Record<string, Call>,
  'api-keys': {
    insertApiKey: (db) => apiKeys.insertApiKey(db, key('monitor')),
    listApiKeys: (db) => apiKeys.listApiKeys(db),
    async useApiKey(db) {
      await apiKeys.insertApiKey(db, key('backup'));
      await apiKeys.useApiKey(db, 'backup');
    },
    revokeApiKey: (db) => apiKeys.revokeApiKey(db, 1),
  } satisfies Calls<typeof apiKeys> as Record<string, Call>,
  audit: {
    insertAudit: (db) => audit.insertAudit(db, { actor: 'admin', via: 'session', action: 'login' }),
    async listAudit(db) {
      await audit.listAudit(db, {}, { limit: 10 });
      await audit.listAudit(db, { actor: 'a', action: 'PUT', target: 'x' }, { before: 9, limit: 10 });
    },
    noteAuditOutcome: (db) => audit.noteAuditOutcome(db, 1, { status: 200, before: {}, after: {} }),
  } satisfies Calls<typeof audit> as Record<string, Call>,
};
