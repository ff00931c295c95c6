/** Pictures drawn by the server; what they show is in their text, too. */
import { duration, plural } from '../../presenters/replica-state.ts';
import type { DayKind, StripDay } from '../../presenters/strip.ts';

const KINDS: Readonly<Record<DayKind, { readonly word: string; readonly class: string; readonly height: number }>> = {
  ok: { word: 'complete', class: 'good', height: 18 },
  quiet: { word: 'nothing to do', class: 'good', height: 8 },
  partial: { word: 'partly failed', class: 'warn', height: 18 },
  failed: { word: 'failed', class: 'bad', height: 18 },
  overdue: { word: 'no cycle ran', class: 'calm', height: 18 },
  open: { word: 'no run has ended yet', class: 'calm', height: 2 },
  before: { word: 'not there yet', class: 'calm', height: 2 },
};

/** A bar a day: height and colour tell failed from overdue from quiet. */
export function DayStrip({ days, label }: { days: readonly StripDay[]; label: string }) {
  const bad = days.filter(({ kind }) => kind === 'failed').length;
  const partly = days.filter(({ kind }) => kind === 'partial').length;
  const width = 10;
  const worst = [bad === 0 ? '' : `${bad} failed`, partly === 0 ? '' : `${partly} partly failed`].filter(
    (one) => one !== '',
  );
  return (
    <figure class="chart">
      <svg
        class="chart"
        viewBox={`0 0 ${days.length * width} 20`}
        preserveAspectRatio="none"
        height="20"
        role="img"
        aria-label={`${label}: the last ${days.length} days, ${bad} failed, ${partly} partly`}
      >
        {days.map((day, at) => {
          const { word, class: tone, height } = KINDS[day.kind];
          return (
            <rect class={tone} x={at * width + 1} y={20 - height} width={width - 2} height={height} rx="1">
              <title>
                {day.day}: {word}
                {day.runs === 0 ? '' : `, ${plural(day.runs, 'run')}, ${plural(day.documents, 'document')}`}
              </title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        The last {days.length} days, a bar a day{worst.length === 0 ? '' : `: ${worst.join(', ')}`}
      </figcaption>
    </figure>
  );
}

/**
 * The longest time between two good cycles of each day. It is not the lag itself, of which no history is kept, but no change
 * waited longer than that for a cycle: so its words say what it is.
 */
export function GapLine({ days }: { days: readonly StripDay[] }) {
  const known = days.flatMap(({ longestGap }, at) => (longestGap === null ? [] : [{ at, gap: longestGap }]));
  const worst = Math.max(0, ...known.map(({ gap }) => gap));
  if (known.length < 2 || worst <= 0) return null;
  const points = known.map(({ at, gap }) => `${at * 10 + 5},${(22 - (gap / worst) * 20).toFixed(1)}`).join(' ');
  const label = `Longest wait between two good cycles, day by day: at most ${duration(worst)}`;
  return (
    <figure class="chart">
      <svg
        class="chart"
        viewBox={`0 0 ${days.length * 10} 24`}
        preserveAspectRatio="none"
        height="24"
        role="img"
        aria-label={label}
      >
        <title>{label}</title>
        <polyline class="line" points={points} />
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  );
}
