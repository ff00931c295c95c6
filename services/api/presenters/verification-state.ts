/** What verification says of a replica as a whole (E22): green means verified, and everything short of it has a reason. */
import type { Settings } from '../../../shared/config/settings.ts';
import type { ReplicaVerification } from '../../../shared/db/verification-ledger.repo.ts';
import { FINDING_KINDS, FINDINGS, judgeVerification } from '../../../shared/domain/verification.ts';
import { DAY } from '../../../shared/kernel/clock.ts';

/** The times that the query asks for, as of now. */
export function verificationWindow({ verifyWindowDays }: Settings, now: Date) {
  const ago = (days: number) => new Date(now.getTime() - days * DAY);
  return { since: ago(verifyWindowDays), readBackSince: ago(READ_BACK_DAYS) };
}

/** A document that a look read back as equal has so long until the nightly slice compares it. */
const READ_BACK_DAYS = 2;

export function presentVerificationState(
  row: ReplicaVerification | undefined,
  { verifyWindowDays }: Settings,
  subset: boolean,
) {
  const findings = row?.findings ?? {};
  const verdict = judgeVerification({
    documents: row?.documents ?? 0,
    verified: row?.verified ?? 0,
    readBack: row?.read_back ?? 0,
    findings,
    givenUp: row?.given_up ?? 0,
    blocked: row?.blocked ?? 0,
    excluded: row?.excluded ?? 0,
    windowDays: verifyWindowDays,
    subset,
  });
  return {
    ...verdict,
    documents: row?.verified ?? 0,
    oldest_checksum_at: row?.oldest_checksum_at ?? null,
    oldest_bytes_at: row?.oldest_bytes_at ?? null,
    findings,
    drift: FINDING_KINDS.reduce((sum, kind) => sum + (FINDINGS[kind].drift ? (findings[kind] ?? 0) : 0), 0),
  };
}
