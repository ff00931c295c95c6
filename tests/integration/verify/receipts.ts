import { ledgerPage } from '../../../shared/db/verification-ledger.repo.ts';
import type { Db, LedgerRow, Verification } from '../../../shared/db/tables.ts';

export { findVerification } from '../../../shared/db/verifications.repo.ts';

export interface Receipt {
  readonly verification: Verification;
  readonly rows: readonly LedgerRow[];
}

export function ledgerOf(db: Db, verificationId: number): Promise<LedgerRow[]> {
  return ledgerPage(db, verificationId, 0, 100_000);
}
