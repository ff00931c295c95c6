/** Hours in which nothing new is begun on a replica: "22:00-06:00", in the time zone of the settings (E14). */
export const QUIET_HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

const DAY = 24 * 60;
const MINUTE = 60_000;

/** When the quiet hours end that `now` lies in; null outside of them. They may wrap midnight; the end does not belong to them. */
export function quietUntil(hours: string | null, now: Date, timeZone: string): Date | null {
  const parts = QUIET_HOURS.exec(hours ?? '');
  if (parts === null) return null;
  const from = minutes(parts[1], parts[2]);
  const to = minutes(parts[3], parts[4]);
  const clock = minutesOfDay(timeZone);
  const at = clock(now);
  const inside = from < to ? at >= from && at < to : at >= from || at < to;
  if (!inside) return null;
  const start = Math.floor(now.getTime() / MINUTE) * MINUTE;
  const end = start + ((to - at + DAY) % DAY) * MINUTE;
  // Summer time may begin or end before: the clock on the wall decides, not the hours that pass.
  const shift = ((to - clock(new Date(end)) + DAY + DAY / 2) % DAY) - DAY / 2;
  return new Date(Math.max(end + shift * MINUTE, start + MINUTE));
}

function minutes(hour = '0', minute = '0'): number {
  return Number(hour) * 60 + Number(minute);
}

function minutesOfDay(timeZone: string): (at: Date) => number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (at) => {
    const [hour, minute] = format.format(at).split(':');
    return minutes(hour, minute);
  };
}
