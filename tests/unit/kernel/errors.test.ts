import { describe, expect, test } from 'vitest';
import { AppError, assertNever, toAppError } from '../../../shared/kernel/errors.ts';

describe('AppError', () => {
  test('concerns one document unless it says otherwise, and carries no cause that was not given', () => {
    const error = new AppError({
      code: 'values_refused',
      class: 'invalid',
      message: 'No.',
    });
    expect(error.scope).toBe('document');
    expect('cause' in error).toBe(false);
    expect(error.name).toBe('AppError');
    expect(error).toBeInstanceOf(Error);
  });

  test('keeps what an adapter learnt', () => {
    const cause = new Error('socket hang up');
    const error = new AppError({
      code: 'rate_limited',
      class: 'rate-limited',
      message: 'Later.',
      hint: 'Wait.',
      scope: 'instance',
      status: 429,
      fields: { title: 'too long' },
      retryAfterMs: 3000,
      cause,
    });
    expect(error).toMatchObject({
      hint: 'Wait.',
      scope: 'instance',
      status: 429,
      fields: { title: 'too long' },
      retryAfterMs: 3000,
      cause,
    });
  });
});

describe('toAppError', () => {
  test('leaves an AppError as it is', () => {
    const error = new AppError({
      code: 'not_found',
      class: 'not-found',
      message: 'No.',
    });
    expect(toAppError(error)).toBe(error);
  });

  test("takes an abort for a stop, which is nobody's failure", () => {
    expect(toAppError(new DOMException('stopped', 'AbortError'))).toMatchObject({
      code: 'cancelled',
      class: 'cancelled',
    });
  });

  test.each([[new TypeError('x is undefined')], ['a text'], [{ odd: true }]])(
    'takes anything else for a bug of ours: %s',
    (thrown) => {
      expect(toAppError(thrown)).toMatchObject({
        code: 'internal_error',
        class: 'internal',
        cause: thrown,
      });
    },
  );
});

test('assertNever names the case that nobody thought of', () => {
  expect(() => assertNever('novel' as never)).toThrow('"novel"');
});
