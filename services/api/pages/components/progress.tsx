/** A run under way: phase, done of total, rate. */
import type { RunningPart } from '../../presenters/dashboard.ts';
import { number, To } from './links.tsx';

export function RunningLine({ running, name }: { running: RunningPart; name: string }) {
  const { runId, phase, done, failed, total, bytes, rate } = running;
  return (
    <div>
      <progress value={done} max={Math.max(1, total)} aria-label={`Progress of ${name}`} />
      <p class="faint">
        <To to={`/runs/${runId}`}>Phase {phase}</To>
        {failed === 0 ? '' : `, ${number(failed)} failed`}
        {rate === null ? '' : `, ${rate} a minute`}
        {bytes === 0 ? '' : `, ${size(bytes)}`}
      </p>
    </div>
  );
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 12.3 MB */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
