import type { lookup, LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import { guardedLookup } from '../../../shared/paperless/lookup.ts';

const refusal = new Error('leads to a forbidden address');

function resolved(addresses: readonly string[], options: object = {}): Promise<unknown> {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const resolve = ((_name: string, _options: object, answer: (error: null, found: LookupAddress[]) => void) =>
    answer(null, found)) as unknown as typeof lookup;
  return new Promise((done) => {
    guardedLookup(() => refusal, resolve)('paperless.test', options, (error, address) => done(error ?? address));
  });
}

it('refuses a name that leads to forbidden addresses only, before anything is sent there', async () => {
  expect(await resolved(['169.254.169.254', 'fe80::1', '::ffff:169.254.1.1'])).toBe(refusal);
  expect(await resolved(['fd00:ec2::254'], { all: true })).toBe(refusal);
});

it('leaves forbidden ones out of several', async () => {
  expect(await resolved(['169.254.169.254', '10.0.0.5'], { all: true })).toEqual([{ address: '10.0.0.5', family: 4 }]);
  expect(await resolved(['169.254.169.254', '10.0.0.5'])).toBe('10.0.0.5');
});

it('leaves loopback and private networks alone', async () => {
  expect(await resolved(['127.0.0.1'])).toBe('127.0.0.1');
  expect(await resolved(['::1'])).toBe('::1');
});
