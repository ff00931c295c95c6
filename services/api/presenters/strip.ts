/** Thirty days of a replica at a glance, from its runs. */
import { replicaDays, type ReplicaDay } from '../../../shared/db/pages.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { DAY, MINUTE } from '../../../shared/kernel/clock.ts';

export const STRIP_DAYS = 30;

/**
 * `quiet`: cycles ran and found nothing to do; `overdue`: none ran at all; `before`: the replica was not there yet; `open`: today,
 * and no run has ended yet.
 */
export type DayKind = 'ok' | 'quiet' | 'partial' | 'failed' | 'overdue' | 'before' | 'open';

export interface StripDay {
  readonly day: string;
  readonly kind: DayKind;
  readonly runs: number;
  readonly documents: number;
  readonly longestGap: number | null;
}

export function stripOf(
  rows: readonly ReplicaDay[],
  replica: { readonly id: number; readonly created_at: Date },
  now: Date,
  zone: string,
): StripDay[] {
  const own = new Map(rows.filter((row) => row.replica_id === replica.id).map((row) => [row.day, row]));
  const first = dayIn(replica.created_at, zone);
  const today = dayIn(now, zone);
  return Array.from({ length: STRIP_DAYS }, (_, at) => {
    // Noon, so that no change of the clocks skips a day.
    const day = dayIn(new Date(Date.parse(`${today}T12:00:00Z`) - (STRIP_DAYS - 1 - at) * DAY), 'UTC');
    const row = own.get(day);
    if (row === undefined) {
      const kind = day < first ? 'before' : day === today ? 'open' : 'overdue';
      return { day, kind, runs: 0, documents: 0, longestGap: null } as const;
    }
    return { day, kind: kindOf(row), runs: row.runs, documents: row.documents, longestGap: row.longest_gap };
  });
}

function kindOf({ ok, partial, failed, documents }: ReplicaDay): DayKind {
  if (failed > 0 && ok + partial === 0) return 'failed';
  if (failed + partial > 0) return 'partial';
  return documents === 0 ? 'quiet' : 'ok';
}

function dayIn(at: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(at);
}

/** The past changes slowly, and the dashboard is asked every few seconds: a minute old is new enough. */
export function createStripCache(maxAgeMs = MINUTE) {
  let known: { at: number; zone: string; rows: Promise<ReplicaDay[]> } | undefined;
  return (db: Db, zone: string, now: Date): Promise<ReplicaDay[]> => {
    if (known === undefined || known.zone !== zone || now.getTime() - known.at > maxAgeMs) {
      const rows = replicaDays(db, STRIP_DAYS, zone);
      known = { at: now.getTime(), zone, rows };
      rows.catch(() => {
        known = undefined;
      });
    }
    return known.rows;
  };
}
