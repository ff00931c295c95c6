/** From what the database knows to the troubles that people are told of: the rules of N1, without I/O. */
import { isLate } from './lag.ts';
import { keyOf, type Condition, type EventName } from './notify-rules.ts';

export interface AlertReplica {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  /** Disabled, paused, in quiet hours, or with a run under way: whether it is late cannot be said. */
  readonly resting: boolean;
  readonly suspended_at: Date | null;
  readonly suspended_reason: string | null;
  readonly consecutive_failures: number;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly last_sync_ts: Date | null;
  readonly interval_seconds: number;
  readonly deletions_held: string | null;
  readonly deletions_held_at: Date | null;
  readonly dlq: number;
  readonly conflicts: number;
  readonly drift: number;
  /** Its last finished run. */
  readonly run: { readonly id: number; readonly docs_failed: number; readonly docs_synced: number } | null;
}

export interface AlertFacts {
  readonly now: Date;
  readonly errorThreshold: number;
  readonly replicas: readonly AlertReplica[];
  readonly master: {
    readonly url: string | null;
    readonly error_code: string | null;
    readonly error_msg: string | null;
    readonly suspended_code: string | null;
    readonly suspended_reason: string | null;
    readonly suspended_at: Date | null;
  };
  readonly scratchFullSince: Date | null;
  /** The last webhook, while changes came without one. */
  readonly webhookSilentSince: Date | null;
}

export interface Observed {
  readonly conditions: readonly Condition[];
  readonly unknown: ReadonlySet<string>;
}

const REFUSED = 'token_refused';

export function observe(facts: AlertFacts): Observed {
  const conditions = [...masterConditions(facts)];
  const unknown = new Set<string>();
  for (const replica of facts.replicas) {
    conditions.push(...replicaConditions(replica, facts));
    if (replica.resting) unknown.add(keyOf({ event: 'cycle_late', replicaId: replica.id }));
  }
  return { conditions, unknown };
}

function* masterConditions({ master, scratchFullSince, webhookSilentSince }: AlertFacts): Generator<Condition> {
  const about = { replicaId: null, data: { master_url: master.url, error_code: master.error_code } };
  const reason = sentence(master.error_msg ?? master.error_code ?? '');
  if (master.error_code === REFUSED)
    yield { ...about, event: REFUSED, level: 0, title: 'The master refuses its token.', message: reason };
  else if (master.error_code !== null)
    yield {
      ...about,
      event: 'master_unreachable',
      level: 0,
      title: 'The master cannot be read.',
      message: `${reason} The next cycle asks it again; no replica is blamed for it.`,
    };
  if (master.suspended_code !== null)
    yield {
      ...about,
      event: 'master_suspended',
      level: master.suspended_at?.getTime() ?? 0,
      title: 'Cycles wait for your word about the master.',
      message: `${sentence(master.suspended_reason ?? master.suspended_code)} Nothing is changed on any replica until you confirm.`,
    };
  if (webhookSilentSince !== null)
    yield {
      event: 'webhook_silence',
      replicaId: null,
      level: 0,
      title: "The master's webhooks are silent.",
      message: `The last one came at ${webhookSilentSince.toISOString()}, and cycles have found changes since. Nothing is lost; look at the workflow on the master.`,
      data: { last_webhook_at: webhookSilentSince.toISOString() },
    };
  if (scratchFullSince !== null)
    yield {
      event: 'disk_low',
      replicaId: null,
      level: 0,
      title: 'A scratch folder is full.',
      message: 'There is no room for the next file under SCRATCH_DIR. Uploads go on by themselves when there is.',
      data: {},
    };
}

function replicaConditions(replica: AlertReplica, facts: AlertFacts): Condition[] {
  const { id, name, run } = replica;
  const found: Condition[] = [];
  const add = (event: EventName, level: number, title: string, message: string) =>
    void found.push({ event, replicaId: id, level, title, message: sentence(message), data: dataOf(replica) });
  if (run !== null && run.docs_failed >= facts.errorThreshold)
    add('sync_failures_threshold', run.id, `${name}: ${documents(run.docs_failed)} failed.`, failuresOf(run));
  if (replica.suspended_at !== null) {
    const why = replica.suspended_reason ?? `${replica.consecutive_failures} runs in a row failed`;
    const next = 'It is left out until somebody re-enables it.';
    add('replica_suspended', replica.suspended_at.getTime(), `${name} is suspended.`, `${sentence(why)} ${next}`);
  }
  if (replica.error_code === REFUSED)
    add(REFUSED, 0, `${name} refuses its token.`, replica.error_msg ?? 'Enter a new one.');
  if (
    !replica.resting &&
    replica.suspended_at === null &&
    isLate(replica.last_sync_ts, replica.interval_seconds, facts.now)
  )
    add(
      'cycle_late',
      0,
      `${name} is late.`,
      `Its last good cycle began at ${replica.last_sync_ts?.toISOString()}; one is due every ${replica.interval_seconds} seconds`,
    );
  if (replica.drift > 0)
    add(
      'verification_finding',
      replica.drift,
      `${name} has drifted.`,
      `Verification found ${replica.drift} open differences`,
    );
  if (replica.dlq > 0)
    add(
      'dlq_growth',
      replica.dlq,
      `${name}: ${documents(replica.dlq)} failed for good.`,
      'They wait for you to retry them',
    );
  if (replica.deletions_held !== null)
    add(
      'deletion_guard',
      replica.deletions_held_at?.getTime() ?? 0,
      `${name}: deletions wait for you.`,
      replica.deletions_held,
    );
  if (replica.conflicts > 0)
    add(
      'conflict',
      replica.conflicts,
      `${name}: ${replica.conflicts} open conflicts.`,
      'Somebody edited copies: you decide which side stays',
    );
  return found;
}

/** The numbers of the reference's payload. */
export function dataOf(replica: AlertReplica): Record<string, unknown> {
  return {
    replica: replica.name,
    replica_url: replica.url,
    consecutive_failures: replica.consecutive_failures,
    docs_failed: replica.run?.docs_failed ?? 0,
    docs_synced: replica.run?.docs_synced ?? 0,
  };
}

const OVER: Readonly<Partial<Record<EventName, string>>> = {
  sync_failures_threshold: 'the last run had fewer failures',
  replica_suspended: 'no longer suspended',
  master_unreachable: 'it can be read again',
  master_suspended: 'cycles go on',
  token_refused: 'the token is accepted',
  cycle_late: 'cycles are on time again',
  verification_finding: 'no difference is open any more',
  dlq_growth: 'no document is given up any more',
  deletion_guard: 'deletions are released',
  conflict: 'no conflict is open any more',
  webhook_silence: 'webhooks come again',
  disk_low: 'there is room under SCRATCH_DIR again',
};

/** Of a trouble that ended; `name` is the replica's, or what else it was about. */
export function recoveryTitle(event: EventName, name: string): string {
  return `${name}: ${OVER[event] ?? 'it is over'}.`;
}

const documents = (count: number) => `${count} document${count === 1 ? '' : 's'}`;
const failuresOf = ({ id, docs_failed, docs_synced }: NonNullable<AlertReplica['run']>) =>
  `Run ${id}: ${docs_failed} failed, ${docs_synced} synced. Failed documents are tried again in later cycles`;

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
