/**
 * Raw times as microseconds since the epoch. JavaScript's Date cuts to milliseconds, and strings of one instant differ in
 * offset after a DST change, so times of instances are compared through here only (protocol section 3, F7).
 */
const RAW = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:?\d{2})$/;

/** Microseconds since the epoch, UTC (fits a double until the year 2255); null for what is not a time with an offset. */
export function toMicros(raw: string): number | null {
  const parts = RAW.exec(raw);
  if (!parts) return null;
  const [, day, time, fraction = '', offset = 'Z'] = parts;
  const zone = offset === 'Z' || offset.includes(':') ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  const seconds = Date.parse(`${day}T${time}${zone}`);
  if (Number.isNaN(seconds)) return null;
  return seconds * 1000 + Number(fraction.padEnd(6, '0'));
}

/** A time for a filter or a note: UTC, six digits. */
export function fromMicros(micros: number): string {
  const whole = Math.floor(micros / 1_000_000);
  const rest = micros - whole * 1_000_000;
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(6, '0')}Z`;
}

/** UTC, cut (not rounded) to milliseconds, as paperless' own exporter does (F7, H17). */
export function cutToMillis(raw: string): string | null {
  const micros = toMicros(raw);
  return micros === null ? null : new Date(Math.floor(micros / 1000)).toISOString();
}
