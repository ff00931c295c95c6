import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';
import { FAULT_KINDS, planFaults, type PlanOptions } from './plan.ts';

const ALL: PlanOptions = { seed: 7, minutes: 60, everyMs: 1500, backend: 'redis', kinds: FAULT_KINDS };

describe('a plan of faults', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(planFaults(ALL)).toEqual(planFaults(ALL));
    expect(planFaults({ ...ALL, seed: 8 })).not.toEqual(planFaults(ALL));
  });

  it('has every kind of fault in an hour, on Redis as on PostgreSQL alone but for those of Redis', () => {
    const kindsOf = (options: PlanOptions) => new Set(planFaults(options).map(({ kind }) => kind));
    expect([...kindsOf(ALL)].sort()).toEqual([...FAULT_KINDS].sort());
    const without = FAULT_KINDS.filter((kind) => !kind.startsWith('redis-'));
    expect([...kindsOf({ ...ALL, backend: 'postgres' })].sort()).toEqual([...without].sort());
  });

  it('leaves the other faults where they are when a kind is left out, so that a failure can be narrowed down', () => {
    const kinds = FAULT_KINDS.filter((kind) => kind !== 'worker-kill');
    const fewer = planFaults({ ...ALL, kinds });
    expect(fewer).toEqual(planFaults(ALL).filter(({ kind }) => kind !== 'worker-kill'));
    expect(fewer.length).toBeGreaterThan(1000);
  });
});

describe('the options of chaos', () => {
  it('say what is wrong with them', () => {
    expect(readOptions(['--backend', 'oracle'])).toContain('--backend');
    expect(readOptions(['--only', 'earthquake'])).toContain('earthquake');
    expect(readOptions(['--minutes', 'two'])).toContain('minutes');
  });

  it('leave kinds out, or take only some', () => {
    expect(readOptions(['--only', 'worker-kill,redis-flush'])).toMatchObject({ kinds: ['worker-kill', 'redis-flush'] });
    expect(readOptions(['--without', 'worker-kill'])).not.toMatchObject({
      kinds: expect.arrayContaining(['worker-kill']) as unknown,
    });
  });
});
