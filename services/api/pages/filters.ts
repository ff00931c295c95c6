/** Filters as forms send them: a field that is left empty filters nothing. */
import type { Context } from 'hono';
import { z } from 'zod';
import { queryOf } from '../input.ts';

const blank = (given: unknown): unknown =>
  given !== null && typeof given === 'object'
    ? Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value !== 'string' || value.trim() !== ''))
    : given;

export function filtersOf<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  return queryOf(c, z.preprocess(blank, schema));
}

/** What was given, to fill the form with it. */
export function givenOf(c: Context): Readonly<Record<string, string>> {
  return c.req.query();
}

/**
 * A time as `<input type="datetime-local">` sends it, on a clock of that zone; also with an offset. Null: it is none. In the
 * hour that a clock is put back by, the first of the two.
 */
export function instantIn(zone: string, text: string): Date | null {
  const local = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  if (local === null) {
    const given = z.iso.datetime({ offset: true }).safeParse(text.trim());
    return given.success ? new Date(given.data) : null;
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = local
    .slice(1)
    .map((part) => Number(part ?? 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(wall).getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null;
  const guess = wall - offsetAt(zone, wall);
  return new Date(wall - offsetAt(zone, guess));
}

/** Milliseconds that clocks of the zone are ahead of UTC. */
function offsetAt(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return (
    Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) -
    Math.floor(at / 1000) * 1000
  );
}
