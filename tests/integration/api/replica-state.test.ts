import { describe, expect, it } from 'vitest';
import { judgeReplica, type ReplicaFacts } from '../../../services/api/presenters/replica-state.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000);

const healthy: ReplicaFacts = {
  enabled: true,
  pausedAt: null,
  pauseReason: null,
  suspendedAt: null,
  suspendedReason: null,
  consecutiveFailures: 0,
  errorCode: null,
  errorMsg: null,
  uploadsHeld: null,
  deletionsHeld: null,
  lastSync: ago(100),
  intervalSeconds: 900,
  running: null,
  documents: { waiting: 0, failed: 0, givenUp: 0, blocked: 0, drifted: 0 },
  resting: null,
  uploadsPause: null,
  conflicts: 0,
  verified: null,
};
const judge = (facts: Partial<ReplicaFacts>) => judgeReplica({ ...healthy, ...facts }, NOW);
const documents = (counts: Partial<ReplicaFacts['documents']>) => ({ documents: { ...healthy.documents, ...counts } });
const running = { phase: 'documents', done: 3, total: 10 };

describe('the state of a replica', () => {
  it('is up to date when its last cycle was good and nothing waits', () => {
    expect(judge({})).toEqual({ status: 'synced', state: 'up_to_date', reason: 'No known change waits.' });
  });

  it('is verified when everything was compared, and nothing waits', () => {
    const verified = 'All 5 compared within 30 days.';
    expect(judge({ verified })).toEqual({ status: 'synced', state: 'verified', reason: verified });
    expect(judge({ verified, ...documents({ waiting: 1 }) }).state).toBe('behind');
    expect(judge({ verified, lastSync: ago(86_400) }).state).toBe('late');
  });

  it('has drifted when verification found differences that nothing explains', () => {
    expect(judge(documents({ drifted: 2 }))).toEqual({
      status: 'error',
      state: 'drifted',
      reason: 'Verification found 2 differences.',
    });
  });

  it('needs a person where edits on the replica wait for a decision', () => {
    expect(judge({ conflicts: 1, ...documents({ drifted: 1 }) })).toMatchObject({
      state: 'needs_you',
      reason: '1 edit on the replica: you decide which side stays.',
    });
  });

  it('is never called synced before its first cycle', () => {
    expect(judge({ lastSync: null })).toMatchObject({ status: 'syncing', state: 'never_run' });
  });

  it('shows the progress of an open run', () => {
    expect(judge({ running })).toEqual({ status: 'syncing', state: 'syncing', reason: '3 of 10 documents done.' });
  });

  it('needs a person when the token was refused, also while a run is open', () => {
    const verdict = judge({ running, errorCode: 'token_refused', errorMsg: 'The token is not valid' });
    expect(verdict).toEqual({ status: 'error', state: 'needs_you', reason: 'The token is not valid.' });
  });

  it('is unreachable while its instance does not answer, and says that the next cycle tries again', () => {
    const verdict = judge({ errorCode: 'instance_unreachable', errorMsg: 'No connection.' });
    expect(verdict).toEqual({
      status: 'unreachable',
      state: 'failing',
      reason: 'No connection. The next cycle tries again.',
    });
  });

  it('is suspended before anything else, with the reason that was noted', () => {
    const verdict = judge({
      suspendedAt: ago(5),
      suspendedReason: '5 failed runs in a row',
      errorCode: 'token_refused',
      running,
    });
    expect(verdict).toEqual({ status: 'suspended', state: 'needs_you', reason: '5 failed runs in a row.' });
  });

  it('counts a disabled and a paused replica as suspended by a person', () => {
    expect(judge({ enabled: false })).toMatchObject({ status: 'suspended', state: 'paused' });
    expect(judge({ pausedAt: ago(1), pauseReason: 'disk full' })).toMatchObject({
      state: 'paused',
      reason: 'disk full.',
    });
  });

  it('is not green while documents are blocked, failed or held', () => {
    expect(judge(documents({ blocked: 1 }))).toMatchObject({ status: 'error', state: 'needs_you' });
    expect(judge(documents({ givenUp: 2 })).reason).toBe('2 documents failed for good.');
    expect(judge(documents({ failed: 1 }))).toMatchObject({ status: 'error', state: 'failing' });
    expect(judge({ uploadsHeld: 'splits documents' })).toMatchObject({ status: 'error', state: 'needs_you' });
    expect(judge({ deletionsHeld: '12 of 30 copies would go.' })).toEqual({
      status: 'error',
      state: 'needs_you',
      reason: 'Deletions wait for you: 12 of 30 copies would go.',
    });
  });

  it('is behind while changes wait within the interval, and late past it', () => {
    expect(judge(documents({ waiting: 4 }))).toEqual({
      status: 'synced',
      state: 'behind',
      reason: '4 changes waiting for the next cycle.',
    });
    expect(judge({ lastSync: ago(900 + 450 + 1) })).toMatchObject({ status: 'error', state: 'late' });
    expect(judge({ lastSync: ago(900 + 440) })).toMatchObject({ state: 'up_to_date' });
  });
});
