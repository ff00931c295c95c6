import { describe, expect, test } from 'vitest';
import { quietUntil } from '../../../shared/domain/quiet-hours.ts';

const at = (text: string) => new Date(text);
const until = (hours: string | null, now: string, zone = 'UTC') => quietUntil(hours, at(now), zone)?.toISOString();

describe('quiet hours', () => {
  test('are none where none were chosen', () => {
    expect(until(null, '2026-03-01T12:00:00Z')).toBeUndefined();
  });

  test('last from their beginning up to their end', () => {
    expect(until('09:00-17:30', '2026-03-01T08:59:59Z')).toBeUndefined();
    expect(until('09:00-17:30', '2026-03-01T09:00:00Z')).toBe('2026-03-01T17:30:00.000Z');
    expect(until('09:00-17:30', '2026-03-01T17:29:59.999Z')).toBe('2026-03-01T17:30:00.000Z');
    expect(until('09:00-17:30', '2026-03-01T17:30:00Z')).toBeUndefined();
  });

  test('may wrap midnight', () => {
    expect(until('22:00-06:00', '2026-03-01T23:10:30Z')).toBe('2026-03-02T06:00:00.000Z');
    expect(until('22:00-06:00', '2026-03-02T05:59:00Z')).toBe('2026-03-02T06:00:00.000Z');
    expect(until('22:00-06:00', '2026-03-02T06:00:00Z')).toBeUndefined();
    expect(until('22:00-06:00', '2026-03-02T21:59:00Z')).toBeUndefined();
  });

  test('are those of the time zone', () => {
    expect(until('22:00-06:00', '2026-01-01T21:30:00Z', 'Europe/Berlin')).toBe('2026-01-02T05:00:00.000Z');
    expect(until('22:00-06:00', '2026-01-01T21:30:00Z', 'America/New_York')).toBeUndefined();
    expect(until('22:00-06:00', '2026-01-01T16:30:00Z', 'Asia/Kolkata')).toBe('2026-01-02T00:30:00.000Z');
  });

  test('end when the clock on the wall says so, also in a night in which summer time begins or ends', () => {
    expect(until('22:00-06:00', '2026-03-28T22:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T04:00:00.000Z');
    expect(until('22:00-06:00', '2026-10-24T21:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T05:00:00.000Z');
  });

  test('always end later than now', () => {
    for (let minute = 0; minute < 48 * 60; minute += 7) {
      const now = new Date(Date.parse('2026-10-24T00:00:30Z') + minute * 60_000);
      const end = quietUntil('00:00-23:59', now, 'Europe/Berlin');
      if (end !== null) expect(end.getTime()).toBeGreaterThan(now.getTime());
    }
  });
});
