import { describe, expect, it } from 'vitest';
import { isForPeople } from '../../../shared/replication/engine-log.ts';
import { countFact, noteFacts, runWithContext, type Facts } from '../../../shared/telemetry/context.ts';
import type { LogEvent } from '../../../shared/telemetry/logger.ts';
import { traced } from '../../../shared/telemetry/tracing.ts';

describe('the facts of a job', () => {
  it('are collected from wherever its work is done, apart from those of the job beside it', async () => {
    const facts: Facts[] = [{}, {}];
    const job = (number: number) =>
      runWithContext(
        { job: 'document' },
        async () => {
          countFact('requests', 1);
          await new Promise(setImmediate);
          await runWithContext({ doc_id: number }, async () => noteFacts({ doc_id: number, document: 'snoozed' }));
          noteFacts({ document: 'ok' });
          countFact('requests', number);
        },
        facts[number],
      );
    await Promise.all([job(0), job(1)]);
    expect(facts).toEqual([
      { requests: 1, doc_id: 0, document: 'ok' },
      { requests: 2, doc_id: 1, document: 'ok' },
    ]);
  });

  it('are nobody’s outside a job', () => {
    noteFacts({ code: 'x' });
    expect(() => countFact('requests', 1)).not.toThrow();
  });
});

describe('the log for people', () => {
  const line = (level: LogEvent['level'], fields: object): LogEvent => ({
    ...{ ts: new Date(), level, msg: 'm', runId: null, replica: null, replicaId: null, docId: null },
    fields: { ...fields },
  });

  it('has what a job says, without the wide line of each job and request that went well', () => {
    expect(isForPeople(line('info', { job: 'document' }))).toBe(true);
    expect(isForPeople(line('info', { event: 'job', job: 'document' }))).toBe(false);
    expect(isForPeople(line('info', { event: 'request', route: '/' }))).toBe(false);
    expect(isForPeople(line('error', { event: 'job' }))).toBe(true);
    expect(isForPeople(line('debug', {}))).toBe(false);
  });
});

describe('traces', () => {
  it('cost nothing while nobody asked for them: the work gets a span that swallows everything', async () => {
    expect(
      await traced('document', {}, async (span) => {
        span.note({ x: 1 });
        span.fail('no');
        return 7;
      }),
    ).toBe(7);
  });
});
