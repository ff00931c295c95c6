/** Times as people read them: relative, with the absolute one and its zone in the title. */
import { duration } from '../../presenters/replica-state.ts';
import { useView } from '../view.ts';

export function Time({ at, never = 'never' }: { at: Date | null | undefined; never?: string }) {
  const { now, zone } = useView();
  if (at === null || at === undefined) return <span class="faint">{never}</span>;
  const seconds = (now.getTime() - at.getTime()) / 1000;
  return (
    <time datetime={at.toISOString()} title={exactTime(at, zone)}>
      {seconds <= -1 ? `in ${duration(-seconds)}` : seconds < 5 ? 'just now' : `${duration(seconds)} ago`}
    </time>
  );
}

/** For lists of events, where the distance between two rows matters more than how long ago they were. */
export function ExactTime({ at }: { at: Date }) {
  const { zone } = useView();
  return (
    <time datetime={at.toISOString()} title={exactTime(at, zone)}>
      {formatterOf(zone).format(at)}
    </time>
  );
}

export function exactTime(at: Date, zone: string): string {
  return `${formatterOf(zone).format(at)} (${zone})`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Made once a zone: the first use of one is slow. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone });
  formatters.set(zone, made);
  return made;
}
