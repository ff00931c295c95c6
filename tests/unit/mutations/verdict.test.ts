import { describe, expect, it } from 'vitest';
import { type Kind, keyIn, step, stepKey } from '../../../services/mutations/kind.ts';
import type { Look } from '../../../services/mutations/look.ts';
import type { Course, Part } from '../../../services/mutations/play.ts';
import { KINDS } from '../../../services/mutations/table/index.ts';
import { judge, printJudgement } from '../../../services/mutations/verdict.ts';

const prepared = { mutate: async () => undefined };
const plain: Kind = { number: 1, title: 'title', steps: [step('title', async () => prepared)] };
const purged: Kind = { number: 24, title: 'trash emptied', sweeps: 2, steps: [step('emptied', async () => prepared)] };
const versions: Kind = { number: 21, title: 'versions', onlyV3: true, steps: [step('added', async () => prepared)] };

const partOf = (kind: Kind, overrides: Partial<Part> = {}): Part => {
  const [only] = kind.steps;
  if (!only) throw new Error('a kind without steps');
  return { kind, step: only, key: stepKey(kind, only), prepared, failure: null, ...overrides };
};
const seen = (...keys: (string | null)[]): Look => ({
  findings: keys.map((key) => ({ key, text: `something about ${key}` })),
  copies: [],
  trash: [],
});
const course = (overrides: Partial<Course> = {}): Course => ({
  kinds: [plain],
  possible: [plain],
  parts: [partOf(plain)],
  prefix: 'mut-abc123-',
  first: seen(),
  settled: seen(),
  changed: seen('k01-title'),
  after: [seen()],
  ...overrides,
});

describe('the judgement of a play', () => {
  it('finds a change that could be seen before the sweep and no more after it', () => {
    expect(printJudgement(judge(course()))).toContain('recall 1/1');
    expect(judge(course()).ok).toBe(true);
  });

  it('misses a change that is still seen afterwards, and says what is seen', () => {
    const judgement = judge(course({ after: [seen('k01-title')] }));
    expect(judgement.ok).toBe(false);
    expect(printJudgement(judgement)).toMatch(/MISSED {2}title[^]*something about k01-title[^]*recall 0\/1, missed: 1/);
  });

  it('takes no change on trust that made no difference', () => {
    expect(judge(course({ changed: seen() })).verdicts[0]?.problems).toEqual([
      'title: the change cannot be seen, so it proves nothing',
    ]);
  });

  it('misses a change that failed, and one whose document was different before', () => {
    const failed = course({ parts: [partOf(plain, { failure: 'POST was answered 500' })] });
    expect(judge(failed).verdicts[0]?.problems[0]).toContain('POST was answered 500');
    expect(judge(course({ settled: seen('k01-title') })).ok).toBe(false);
    expect(judge(course({ first: seen('k01-title') })).ok).toBe(false);
  });

  it('gives a kind two sweeps only where the protocol demands them', () => {
    const twice = { after: [seen('k24-emptied', 'k01-title'), seen()], changed: seen('k24-emptied', 'k01-title') };
    const { verdicts } = judge(
      course({ ...twice, kinds: [plain, purged], possible: [plain, purged], parts: [partOf(plain), partOf(purged)] }),
    );
    expect(verdicts.map(({ found }) => found)).toEqual([false, true]);
  });

  it('counts a kind that the master cannot do apart, and takes leftovers without a name for a failure', () => {
    const judgement = judge(course({ kinds: [plain, versions], after: [seen(null)] }));
    expect(judgement).toMatchObject({ impossible: [versions], besides: ['something about null'], ok: false });
    expect(printJudgement(judgement)).toContain('recall 1/1 (and 1 that this master cannot do)');
  });
});

describe('the table of changes', () => {
  it('has the 27 kinds in order, each with steps whose names can be told apart', () => {
    expect(KINDS.map(({ number }) => number)).toEqual(Array.from({ length: 27 }, (_, at) => at + 1));
    const keys = KINDS.flatMap((kind) => kind.steps.map((one) => stepKey(kind, one)));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(keyIn(`mut-0a1b2c-${key} a (merged)`)).toBe(key);
  });
});
