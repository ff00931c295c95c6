/** The state of one document on one replica, in a word. */
import { Badge, type Tone } from './badge.tsx';

interface PhaseRow {
  readonly status: 'pending' | 'ok' | 'error' | 'excluded';
  readonly phase: string;
  readonly waiting: boolean;
  readonly error_code?: string | null;
}

const WORDS: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  pending: { word: 'Waiting', tone: 'calm' },
  sending: { word: 'Uploading', tone: 'busy' },
  unknown: { word: 'Answer lost, being looked for', tone: 'busy' },
  awaiting: { word: 'Consumed by the replica', tone: 'busy' },
  claimed: { word: 'Being finished', tone: 'busy' },
  finalising: { word: 'Being finished', tone: 'busy' },
  linking: { word: 'Links being set', tone: 'busy' },
  releasing: { word: 'Being released', tone: 'busy' },
  failed: { word: 'Failed, will be retried', tone: 'warn' },
  dlq: { word: 'Failed for good', tone: 'bad' },
  blocked: { word: 'Blocked', tone: 'bad' },
  gone: { word: 'Gone', tone: 'calm' },
  excluded: { word: 'Excluded', tone: 'calm' },
};

export function phaseOf(row: PhaseRow): { readonly word: string; readonly tone: Tone } {
  if (row.status === 'ok' && row.phase !== 'gone')
    return row.waiting ? { word: 'Change waiting', tone: 'calm' } : { word: 'In step', tone: 'good' };
  return WORDS[row.phase] ?? { word: row.phase, tone: 'calm' };
}

export function PhaseBadge({ row }: { row: PhaseRow }) {
  const { word, tone } = phaseOf(row);
  return <Badge tone={tone}>{word}</Badge>;
}
