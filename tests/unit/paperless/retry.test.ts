import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { AppErrorInit } from '../../../shared/kernel/errors.ts';
import { retryRead } from '../../../shared/paperless/retry.ts';

async function triesUntilGivenUp(init: Partial<AppErrorInit>): Promise<number> {
  let tries = 0;
  const fail = async () => {
    tries += 1;
    throw new AppError({ code: 'x', class: 'transient', message: 'x', ...init });
  };
  await expect(retryRead(fail, { retryDelaysMs: [0, 0, 0], random: () => 0 })).rejects.toBeInstanceOf(AppError);
  return tries;
}

describe('repeats of a read', () => {
  it('are three, for faults that may pass', async () => expect(await triesUntilGivenUp({})).toBe(4));
  it('are three, for a rate limit without a time', async () => {
    expect(await triesUntilGivenUp({ class: 'rate-limited' })).toBe(4);
  });
  it('are none where the instance asks for a longer pause than a job may sleep', async () => {
    expect(await triesUntilGivenUp({ class: 'rate-limited', retryAfterMs: 10_001 })).toBe(1);
    expect(await triesUntilGivenUp({ retryAfterMs: 60_000 })).toBe(1);
  });
  for (const kind of [
    'auth',
    'permission',
    'incompatible',
    'not-an-api',
    'not-found',
    'invalid',
    'cancelled',
    'config',
    'internal',
  ] as const)
    it(`are none for ${kind}`, async () => expect(await triesUntilGivenUp({ class: kind })).toBe(1));
  it('are none when our own disk is full', async () => expect(await triesUntilGivenUp({ code: 'disk_full' })).toBe(1));
  it('are none for an error that is not classified', async () => {
    let tries = 0;
    await expect(
      retryRead(
        async () => {
          tries += 1;
          throw new TypeError('bug');
        },
        { retryDelaysMs: [0] },
      ),
    ).rejects.toThrow('bug');
    expect(tries).toBe(1);
  });
});
