/** Which replicas a tick may open a run for (E1). */
export interface ReplicaSchedule {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly suspended: boolean;
  readonly paused: boolean;
  /** In its quiet hours (E14). */
  readonly quiet: boolean;
  readonly intervalSeconds: number | null;
  /** Start of the last good run, controller time. */
  readonly lastSync: Date | null;
}

export type Eligibility = { readonly eligible: true } | { readonly eligible: false; readonly why: string };

/** A manual trigger ignores intervals and quiet hours, nothing else. Ticks come a little early or late: a twentieth of slack. */
export function eligibility(replica: ReplicaSchedule, now: Date, globalSeconds: number, manual: boolean): Eligibility {
  if (!replica.enabled) return { eligible: false, why: 'disabled' };
  if (replica.suspended) return { eligible: false, why: 'suspended' };
  if (replica.paused) return { eligible: false, why: 'paused' };
  if (manual) return { eligible: true };
  if (replica.quiet) return { eligible: false, why: 'in quiet hours' };
  if (replica.lastSync === null) return { eligible: true };
  const interval = (replica.intervalSeconds ?? globalSeconds) * 1000;
  if (now.getTime() - replica.lastSync.getTime() >= interval * 0.95) return { eligible: true };
  return { eligible: false, why: 'not due yet' };
}
