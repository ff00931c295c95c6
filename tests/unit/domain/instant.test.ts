import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutToMillis, fromMicros, toMicros } from '../../../shared/domain/instant.ts';

/** 1900 to 2200, where microseconds are whole doubles. */
const micros = fc.integer({
  min: -2_208_988_800_000_000,
  max: 7_258_118_400_000_000,
});

describe('toMicros', () => {
  test.each([
    ['2024-05-06T07:08:09.123456Z', 1_714_979_289_123_456],
    ['2024-05-06T07:08:09Z', 1_714_979_289_000_000],
    ['2024-05-06 07:08:09.5+00:00', 1_714_979_289_500_000],
    ['1969-12-31T23:59:59.500000Z', -500_000],
  ])('reads %s to the microsecond', (raw, expected) => {
    expect(toMicros(raw)).toBe(expected);
  });

  test('takes the two offsets of one instant, before and after a change to summer time, for the same', () => {
    expect(toMicros('2024-03-31T02:30:00.000001+01:00')).toBe(toMicros('2024-03-31T03:30:00.000001+02:00'));
    expect(toMicros('2024-03-31T03:30:00.000001+0200')).toBe(toMicros('2024-03-31T01:30:00.000001Z'));
  });

  test.each([
    '',
    '2024-05-06',
    '2024-05-06T07:08:09',
    '2024-13-06T07:08:09Z',
    '2024-05-06T07:08:09.1234567Z',
    'yesterday',
  ])('refuses %j, which is no time with an offset', (raw) => {
    expect(toMicros(raw)).toBeNull();
  });

  test('gives back what fromMicros wrote, before 1970 too', () => {
    fc.assert(
      fc.property(micros, (value) => {
        expect(toMicros(fromMicros(value))).toBe(value);
      }),
    );
  });
});

describe('fromMicros', () => {
  test('writes texts of one length that sort as the times do', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        expect(fromMicros(a)).toHaveLength('2024-05-06T07:08:09.123456Z'.length);
        expect(fromMicros(a) < fromMicros(b)).toBe(a < b);
      }),
    );
  });
});

describe('cutToMillis', () => {
  test('cuts and never rounds', () => {
    expect(cutToMillis('2024-05-06T07:08:09.999999+02:00')).toBe('2024-05-06T05:08:09.999Z');
    expect(cutToMillis('1969-12-31T23:59:59.999999Z')).toBe('1969-12-31T23:59:59.999Z');
  });

  test('changes nothing when repeated', () => {
    fc.assert(
      fc.property(micros, (value) => {
        const once = cutToMillis(fromMicros(value)) ?? '';
        expect(cutToMillis(once)).toBe(once);
      }),
    );
  });

  test('has no answer for what is not a time', () => {
    expect(cutToMillis('soon')).toBeNull();
  });
});
