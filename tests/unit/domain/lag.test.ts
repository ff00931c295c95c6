import { describe, expect, it } from 'vitest';
import { rpoSeconds, type LagFacts } from '../../../shared/domain/lag.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000);
const FACTS: LagFacts = {
  oldestChange: null,
  knownDocuments: 10,
  master: { lastContact: ago(60), failing: false },
  intervalSeconds: 900,
};
const rpo = (facts: Partial<LagFacts> = {}) => rpoSeconds({ ...FACTS, ...facts }, NOW);

describe('the lag of a replica', () => {
  it('is nothing while the master is read and nothing is owed', () => {
    expect(rpo()).toBe(0);
  });

  it('is the age of the oldest change that is owed', () => {
    expect(rpo({ oldestChange: ago(400) })).toBe(400);
  });

  it('grows from the last contact while the master cannot be read', () => {
    const master = { lastContact: ago(700), failing: true };
    expect(rpo({ master })).toBe(700);
    expect(rpo({ master, oldestChange: ago(300) })).toBe(700);
    expect(rpo({ master, oldestChange: ago(5000) })).toBe(5000);
  });

  it('grows from the last contact while nobody reads the master, and not merely between two cycles', () => {
    expect(rpo({ master: { lastContact: ago(1800), failing: false } })).toBe(0);
    expect(rpo({ master: { lastContact: ago(86_400), failing: false } })).toBe(86_400);
  });

  it('is no number before anything is known', () => {
    expect(rpo({ master: { lastContact: null, failing: true } })).toBeNull();
    expect(rpo({ knownDocuments: 0 })).toBeNull();
    expect(rpo({ knownDocuments: 0, oldestChange: ago(5) })).toBe(5);
  });

  it('is never negative, however far ahead the clock of the master is', () => {
    expect(rpo({ oldestChange: ago(-500) })).toBe(0);
  });
});
