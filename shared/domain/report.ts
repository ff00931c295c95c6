/** What is said about a field that is not simply equal. `not_replicable` and `derived` do not count against equality. */
export interface FieldReport {
  readonly field: string;
  readonly reason: string;
  readonly kind: 'not_replicable' | 'derived' | 'rejected' | 'waiting';
}

export const notReplicable = (field: string, reason: string): FieldReport => ({
  field,
  reason,
  kind: 'not_replicable',
});
export const rejected = (field: string, reason: string): FieldReport => ({ field, reason, kind: 'rejected' });
export const waiting = (field: string, reason: string): FieldReport => ({ field, reason, kind: 'waiting' });
