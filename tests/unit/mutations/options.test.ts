import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../services/mutations/options.ts';

const pair = (master: string, replica: string): string[] => [
  ...['--master', master, '--master-token', 'secret-one'],
  ...['--replica', replica, '--replica-token', 'secret-two'],
];

describe('the options of the mutations program', () => {
  it('means all four pairs of simulators when nothing is given', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({ instances: null, only: null, keep: false, quietMs: 300 });
    expect(options).toHaveProperty('pairs.length', 4);
  });

  it('touches nobody’s instances without being told that they are one’s own', () => {
    expect(readOptions(pair('http://a:8000', 'http://b:8000'))).toContain('--i-own-this-master');
    expect(readOptions([...pair('http://a:8000', 'http://b:8000'), '--i-own-this-master'])).toMatchObject({
      instances: { master: { url: 'http://a:8000' }, replica: { url: 'http://b:8000', token: 'secret-two' } },
      quietMs: 8000,
    });
  });

  it.each([
    ['http://a:8000', 'http://a:8000/'],
    ['http://A:8000', 'http://a:8000'],
    ['http://a:80/', 'http://a'],
    ['https://a/docs', 'http://a/docs/'],
  ])('refuses %s and %s, which are one instance', (master, replica) => {
    expect(readOptions([...pair(master, replica), '--i-own-this-master'])).toBe('Master and replica are one instance.');
  });

  it.each([
    [['--master', 'http://a:8000'], 'Instances are given by four'],
    [['--only', '28'], 'numbered from 1 to 27'],
    [['--pair', 'v3-v4'], 'no pair "v3-v4"'],
    [['--quiet-ms', 'soon'], 'milliseconds'],
    [['--frobnicate'], 'frobnicate'],
  ])('says what is wrong with %j', (args, problem) => {
    expect(readOptions(args)).toContain(problem);
  });
});
