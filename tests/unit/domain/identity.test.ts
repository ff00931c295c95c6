import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkIdentity } from '../../../shared/domain/identity.ts';
import { cutToMillis, fromMicros } from '../../../shared/domain/instant.ts';

const micros = fc.integer({ min: 0, max: 4_000_000_000_000_000 });

describe('checkIdentity', () => {
  test('knows a document again whatever offset its time is printed in', () => {
    expect(checkIdentity('2024-05-06T07:08:09.123456+02:00', '2024-05-06T05:08:09.123456Z')).toBe('same');
  });

  test('accepts the stored time cut to milliseconds, as after an export and import', () => {
    expect(checkIdentity('2024-05-06T07:08:09.123456Z', '2024-05-06T07:08:09.123000Z')).toBe('cut');
  });

  test('takes a longer time than the stored one for another document', () => {
    expect(checkIdentity('2024-05-06T07:08:09.123000Z', '2024-05-06T07:08:09.123456Z')).toBe('other');
  });

  test('takes a rounded time for another document', () => {
    expect(checkIdentity('2024-05-06T07:08:09.123999Z', '2024-05-06T07:08:09.124000Z')).toBe('other');
  });

  test('compares texts that are no times as texts', () => {
    expect(checkIdentity('unknown', 'unknown')).toBe('same');
    expect(checkIdentity('unknown', '2024-05-06T07:08:09Z')).toBe('other');
  });

  test('is never symmetric about a cut: of two different times at most one direction is accepted', () => {
    fc.assert(
      fc.property(micros, fc.integer({ min: -2000, max: 2000 }), (value, step) => {
        fc.pre(step !== 0 && value + step >= 0);
        const [a, b] = [fromMicros(value), fromMicros(value + step)];
        const accepted = [checkIdentity(a, b), checkIdentity(b, a)].filter((check) => check !== 'other');
        expect(accepted.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is "same" for itself, and "cut" or "same" for its own cut', () => {
    fc.assert(
      fc.property(micros, (value) => {
        const raw = fromMicros(value);
        expect(checkIdentity(raw, raw)).toBe('same');
        expect(checkIdentity(raw, cutToMillis(raw) ?? '')).toBe(value % 1000 === 0 ? 'same' : 'cut');
      }),
    );
  });
});
