import type { Child } from 'hono/jsx';
import type { ReplicaState } from '../../presenters/replica-state.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'calm';

/** A word with a mark; the colour never says anything alone. */
export function Badge({ tone, children }: { tone: Tone; children: Child }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export const STATE_WORDS: Readonly<Record<ReplicaState, { readonly word: string; readonly tone: Tone }>> = {
  verified: { word: 'Verified', tone: 'good' },
  up_to_date: { word: 'Up to date', tone: 'calm' },
  syncing: { word: 'Syncing', tone: 'busy' },
  behind: { word: 'Behind', tone: 'calm' },
  late: { word: 'Late', tone: 'warn' },
  drifted: { word: 'Drifted', tone: 'bad' },
  failing: { word: 'Failing', tone: 'bad' },
  needs_you: { word: 'Needs you', tone: 'bad' },
  resting: { word: 'Resting', tone: 'calm' },
  paused: { word: 'Paused', tone: 'warn' },
  never_run: { word: 'Never run', tone: 'calm' },
};

export function StateBadge({ state }: { state: ReplicaState }) {
  const { word, tone } = STATE_WORDS[state];
  return <Badge tone={tone}>{word}</Badge>;
}

const OUTCOMES: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'Complete', tone: 'good' },
  partial: { word: 'Partial', tone: 'warn' },
  failed: { word: 'Failed', tone: 'bad' },
  timed_out: { word: 'Timed out', tone: 'bad' },
  cancelled: { word: 'Cancelled', tone: 'calm' },
};

/** Null: it still runs. */
export function OutcomeBadge({ outcome }: { outcome: string | null }) {
  const { word, tone } = outcome === null ? { word: 'Running', tone: 'busy' as const } : outcomeOf(outcome);
  return <Badge tone={tone}>{word}</Badge>;
}

export const outcomeOf = (outcome: string) => OUTCOMES[outcome] ?? { word: outcome, tone: 'calm' as const };
