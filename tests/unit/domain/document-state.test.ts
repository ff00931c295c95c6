import { describe, expect, test } from 'vitest';
import { entryPhase, PHASES, UPLOADING, type LinkPosition } from '../../../shared/domain/document-state.ts';

const ATTEMPTS: readonly LinkPosition['lastAttempt'][] = [
  'sending',
  'unknown',
  'awaiting',
  'success',
  'failure',
  'refused',
  null,
];

describe('entryPhase', () => {
  test.each(ATTEMPTS)(
    'reads a known copy again before it is written, whatever the last attempt (%s) says',
    (lastAttempt) => {
      expect(entryPhase({ replicaDocId: 5, lastAttempt })).toBe('claimed');
    },
  );

  test('treats a POST that was on its way when its process died as one of unknown outcome', () => {
    expect(entryPhase({ replicaDocId: null, lastAttempt: 'sending' })).toBe('unknown');
    expect(entryPhase({ replicaDocId: null, lastAttempt: 'unknown' })).toBe('unknown');
  });

  test('asks for the outcome of an upload the replica has taken, also when its success was noted but nothing claimed', () => {
    expect(entryPhase({ replicaDocId: null, lastAttempt: 'awaiting' })).toBe('awaiting');
    expect(entryPhase({ replicaDocId: null, lastAttempt: 'success' })).toBe('awaiting');
  });

  test.each(['failure', 'refused', null] as const)(
    'begins from the start when nothing can be under way (%s)',
    (lastAttempt) => {
      expect(entryPhase({ replicaDocId: null, lastAttempt })).toBe('pending');
    },
  );

  test('never leads straight to a POST', () => {
    for (const lastAttempt of ATTEMPTS)
      for (const replicaDocId of [null, 1])
        expect(['prepared', 'sending']).not.toContain(entryPhase({ replicaDocId, lastAttempt }));
  });
});

test('the uploading phases are phases', () => {
  for (const phase of UPLOADING) expect(PHASES).toContain(phase);
});
