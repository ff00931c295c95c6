/** What people are told of (N1), when a message is due, and to whom it goes (N3). Values in, values out. */
import { MINUTE, SECOND } from '../kernel/clock.ts';
import { quietUntil } from './quiet-hours.ts';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
/** raised, recovered: of a trouble that lasts; info: news that begin and end at once. */
export type EventState = 'raised' | 'recovered' | 'info' | 'test';

interface EventRule {
  readonly severity: Severity;
  /** For the page of rules. */
  readonly what: string;
  /** What its end is called for programs; null: it has none. */
  readonly over: string | null;
}

/** The first two bear the names that the generic webhook of the reference gives them. */
export const EVENTS = {
  sync_failures_threshold: {
    severity: 'warning',
    what: 'A run has at least alert_error_threshold failed documents',
    over: 'sync_failures_over',
  },
  replica_suspended: { severity: 'critical', what: 'A replica was suspended', over: 'replica_recovered' },
  master_unreachable: { severity: 'critical', what: 'The master cannot be read', over: 'master_recovered' },
  master_suspended: { severity: 'critical', what: 'Cycles wait for a word about the master', over: 'master_confirmed' },
  token_refused: { severity: 'critical', what: 'An instance refuses its token', over: 'token_accepted' },
  cycle_late: { severity: 'warning', what: 'The last good cycle of a replica is too long ago', over: 'cycle_on_time' },
  verification_finding: {
    severity: 'warning',
    what: 'Verification found differences',
    over: 'verification_clean',
  },
  dlq_growth: { severity: 'warning', what: 'More documents failed for good', over: 'dlq_empty' },
  deletion_guard: { severity: 'warning', what: 'Deletions wait for a person', over: 'deletions_released' },
  conflict: { severity: 'warning', what: 'Somebody edited copies on a replica', over: 'conflicts_decided' },
  webhook_silence: {
    severity: 'warning',
    what: 'Cycles find changes, and no webhook of the master has come for a day',
    over: 'webhook_heard',
  },
  disk_low: { severity: 'critical', what: 'A process has no room for files under SCRATCH_DIR', over: 'disk_recovered' },
  daily_digest: { severity: 'info', what: 'Every day at digest_time: what was done and found', over: null },
  cycle_finished: { severity: 'info', what: 'A cycle ended, for a dead-man ping', over: null },
  test: { severity: 'info', what: 'Somebody pressed "Send test"', over: null },
} as const satisfies Record<string, EventRule>;
export type EventName = keyof typeof EVENTS;

/** What a channel can be told of; a dead-man ping hears of cycles alone, and nobody else does. */
export const CHOSEN_EVENTS = (Object.keys(EVENTS) as EventName[]).filter(
  (name) => name !== 'cycle_finished' && name !== 'test',
);
export const PING_EVENTS: readonly EventName[] = ['cycle_finished'];

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(EVENTS, name);
}

/** A trouble as the facts show it now. */
export interface Condition {
  readonly event: EventName;
  readonly replicaId: number | null;
  /** A higher one than was told is news: a count, the id of a run, a time. */
  readonly level: number;
  readonly title: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OpenAlert {
  readonly id: number;
  readonly key: string;
  readonly event: EventName;
  readonly replica_id: number | null;
  readonly level: number;
}

export type Change =
  | { readonly kind: 'raise'; readonly condition: Condition; readonly alert: OpenAlert | null }
  /** Fewer than before: told to nobody, but the next rise is news again. */
  | { readonly kind: 'lower'; readonly alert: OpenAlert; readonly level: number }
  | { readonly kind: 'close'; readonly alert: OpenAlert };

export function keyOf({ event, replicaId }: Pick<Condition, 'event' | 'replicaId'>): string {
  return `${event}:${replicaId ?? 'master'}`;
}

/** `unknown`: nothing can be said of these just now, so what is open stays open, and nothing new begins. */
export function changesOf(
  conditions: readonly Condition[],
  open: readonly OpenAlert[],
  unknown: ReadonlySet<string>,
): Change[] {
  const known = new Map(open.map((alert) => [alert.key, alert]));
  const changes: Change[] = [];
  for (const condition of conditions) {
    const alert = known.get(keyOf(condition)) ?? null;
    if (alert === null || condition.level > alert.level) changes.push({ kind: 'raise', condition, alert });
    else if (condition.level < alert.level) changes.push({ kind: 'lower', alert, level: condition.level });
  }
  const holds = new Set(conditions.map(keyOf));
  for (const alert of open)
    if (!holds.has(alert.key) && !unknown.has(alert.key)) changes.push({ kind: 'close', alert });
  return changes;
}

export interface ChannelRules {
  readonly id: number;
  readonly enabled: boolean;
  readonly events: readonly string[];
  readonly min_severity: Severity;
  readonly cooldown_seconds: number | null;
  readonly quiet_hours: string | null;
}

export interface SilenceRule {
  readonly id: number;
  readonly event: string | null;
  readonly replica_id: number | null;
  readonly until: Date;
}

export function wants(channel: ChannelRules, event: EventName, severity: Severity): boolean {
  if (!channel.enabled || !channel.events.includes(event)) return false;
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(channel.min_severity);
}

export interface Occasion {
  readonly event: EventName;
  readonly severity: Severity;
  readonly replicaId: number | null;
  readonly now: Date;
  readonly timeZone: string;
  /** When this channel was last told of this event and replica. */
  readonly lastTold: Date | null;
  /** The setting, where the channel has none of its own. */
  readonly cooldownSeconds: number;
  readonly silences: readonly SilenceRule[];
}

/**
 * A message that comes too soon is put off, not thrown away: what still holds when the time is over is told then, and what
 * is over by then is not. Null: at once.
 */
export function dueOf(
  channel: ChannelRules,
  occasion: Occasion,
): { readonly at: Date; readonly heldBy: string } | null {
  const holds: { at: Date; heldBy: string }[] = [];
  const hold = (at: Date | null, heldBy: string) => {
    if (at !== null && at > occasion.now) holds.push({ at, heldBy });
  };
  const cooldown = (channel.cooldown_seconds ?? occasion.cooldownSeconds) * SECOND;
  if (occasion.lastTold !== null) hold(new Date(occasion.lastTold.getTime() + cooldown), 'cooldown');
  if (occasion.severity !== 'critical')
    hold(quietUntil(channel.quiet_hours, occasion.now, occasion.timeZone), 'quiet hours');
  for (const silence of occasion.silences)
    if (silences(silence, occasion)) hold(silence.until, `silence ${silence.id}`);
  return holds.sort((a, b) => b.at.getTime() - a.at.getTime())[0] ?? null;
}

function silences({ event, replica_id }: SilenceRule, occasion: Pick<Occasion, 'event' | 'replicaId'>): boolean {
  return (event === null || event === occasion.event) && (replica_id === null || replica_id === occasion.replicaId);
}

/** So often a primary may fail before its backup is asked; by then half a minute has passed. */
export const FAILURES_BEFORE_BACKUP = 3;

/** The digest that is due: its day and the moment, in the zone of the settings. The last one that has come, whatever the hour. */
export function digestDue(now: Date, time: string, timeZone: string): { readonly day: string; readonly at: Date } {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const wall = (at: Date) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const minutes = Number(parts['hour']) * 60 + Number(parts['minute']);
    return { day: `${parts['year']}-${parts['month']}-${parts['day']}`, minutes };
  };
  const wanted = hour * 60 + minute;
  const today = wall(now);
  const start = Math.floor(now.getTime() / MINUTE) * MINUTE;
  const passed = (today.minutes - wanted + DAY_MINUTES) % DAY_MINUTES;
  const at = new Date(start - passed * MINUTE);
  return {
    day: today.minutes >= wanted ? today.day : wall(new Date(now.getTime() - (today.minutes + 1) * MINUTE)).day,
    at,
  };
}

const DAY_MINUTES = 24 * 60;
