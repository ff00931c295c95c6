import type { Micros } from '../state/model.ts';

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const DATE_TIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

function days(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCDate() === day && date.getUTCMonth() === month - 1 ? Math.round(date.getTime() / 86_400_000) : null;
}

/** A calendar day in the form YYYY-MM-DD, or null if there is no such day. */
export function parseDate(input: string): string | null {
  const match = DATE.exec(input);
  if (!match) return null;
  const [, year = '', month = '', day = ''] = match;
  if (days(Number(year), Number(month), Number(day)) === null) return null;
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || 0);
  return zone.startsWith('-') ? -minutes : minutes;
}

/** A moment; without a zone it is taken in the server's, which is UTC here. */
export function parseDateTime(input: string): Micros | null {
  const match = DATE_TIME.exec(input);
  if (!match) return null;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match;
  const date = days(Number(year), Number(month), Number(day));
  if (date === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const seconds = date * 86_400 + (Number(hour) * 60 + Number(minute) - offsetMinutes(zone)) * 60 + Number(second);
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

export const dayAsTime = (day: string): Micros => parseDateTime(`${day}T00:00:00Z`) ?? 0;
