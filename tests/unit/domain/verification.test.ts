import { describe, expect, it } from 'vitest';
import { csvLine } from '../../../shared/domain/csv.ts';
import {
  FINDING_KINDS,
  FINDINGS,
  groupByKind,
  isAsDeep,
  judgeVerification,
  nextNight,
  receiptLine,
  type VerificationFacts,
} from '../../../shared/domain/verification.ts';

const equal: VerificationFacts = {
  documents: 10,
  verified: 10,
  readBack: 0,
  findings: {},
  givenUp: 0,
  blocked: 0,
  excluded: 0,
  windowDays: 30,
  subset: false,
};

describe('a replica', () => {
  it('is verified when all its documents were compared within the window and nothing is open', () => {
    expect(judgeVerification(equal)).toEqual({ verified: true, reason: 'All 10 compared within 30 days.' });
  });

  it('counts what a look read back as equal a short while ago', () => {
    expect(judgeVerification({ ...equal, verified: 7, readBack: 3 })).toEqual({
      verified: true,
      reason: 'All 10 compared within 30 days, 3 of them as they were read back after a write.',
    });
  });

  it('is verified without documents that a person excluded, and says how many those are', () => {
    expect(judgeVerification({ ...equal, excluded: 2 })).toEqual({
      verified: true,
      reason: 'All 10 compared within 30 days; 2 excluded.',
    });
    expect(judgeVerification({ ...equal, documents: 0, verified: 0, excluded: 2 })).toEqual({
      verified: false,
      reason: 'Nothing to verify: 2 excluded.',
    });
  });

  it.each([
    ['nothing was compared', { documents: 0, verified: 0 }],
    ['one document was not compared in time', { verified: 9 }],
    ['one document failed for good', { givenUp: 1 }],
    ['one document cannot be taken', { blocked: 1 }],
    ['the master was seen in part', { subset: true }],
  ] satisfies [string, Partial<VerificationFacts>][])('is not verified while %s', (_what, facts) => {
    const verdict = judgeVerification({ ...equal, ...facts });
    expect(verdict.verified).toBe(false);
    expect(verdict.reason).toMatch(/\.$/);
  });

  it('is not verified while a finding of drift is open; documents and notes of its own do not count', () => {
    for (const kind of FINDING_KINDS)
      expect([kind, judgeVerification({ ...equal, findings: { [kind]: 1 } }).verified]).toEqual([
        kind,
        !FINDINGS[kind].drift,
      ]);
  });
});

describe('the depths', () => {
  it('include the shallower ones', () => {
    expect(isAsDeep('bytes', 'checksum')).toBe(true);
    expect(isAsDeep('list', 'list')).toBe(true);
    expect(isAsDeep('metadata', 'checksum')).toBe(false);
  });
});

describe('the differences of a document', () => {
  it('are findings by what they mean to people', () => {
    const of = (field: string) => ({ field, masterHash: 'a', copyHash: 'b', master: null, copy: null });
    const fields = ['title', 'owner', 'permissions', 'tags', 'notes', 'document_links', 'file', 'versions'];
    const groups = [...groupByKind(fields.map(of))].map(([kind, found]) => [kind, found.map(({ field }) => field)]);
    expect(groups).toEqual([
      ['field_differs', ['title', 'tags']],
      ['wrong_owner', ['owner', 'permissions']],
      ['note_lost', ['notes']],
      ['link_differs', ['document_links']],
      ['file_differs', ['file', 'versions']],
    ]);
  });
});

describe('a line of CSV', () => {
  it('quotes what would be read as two values, and disarms what a spreadsheet would calculate', () => {
    expect(csvLine(['a,b', 'say "x"', 'two\nlines', null, 3, -4])).toBe('"a,b","say ""x""","two\nlines",,3,-4\r\n');
    expect(csvLine(['=1+1', '@x', '+1', '-1'])).toBe("'=1+1,'@x,'+1,'-1\r\n");
  });

  it('of a receipt holds what was compared, in a fixed order', () => {
    const line = receiptLine({
      link_id: 1,
      master_doc_id: 2,
      replica_doc_id: 3,
      depth: 'bytes',
      compared_at: new Date('2026-11-22T02:03:04.005Z'),
      outcome: 'equal',
      reason: null,
      master_file: 'md5:0a',
      copy_file: 'sha256:0b',
      master_fields: 'x',
      copy_fields: 'x',
    });
    expect(line).toBe('2,3,bytes,2026-11-22T02:03:04.005Z,equal,,md5:0a,sha256:0b,x,x\r\n');
  });
});

describe('the next night', () => {
  it.each([
    ['2026-11-21T12:00:00Z', 'UTC', '2026-11-22T02:00:00.000Z'],
    ['2026-11-21T01:59:59Z', 'UTC', '2026-11-21T02:00:00.000Z'],
    ['2026-11-21T02:00:00Z', 'UTC', '2026-11-22T02:00:00.000Z'],
    ['2026-11-21T12:00:00Z', 'Europe/Berlin', '2026-11-22T01:00:00.000Z'],
    ['2026-11-21T12:00:00Z', 'Asia/Kathmandu', '2026-11-21T20:15:00.000Z'],
    // The night in which clocks are put forward at two has no two o'clock there.
    ['2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-30T00:00:00.000Z'],
  ])('after %s in %s begins at %s', (now, zone, expected) => {
    expect(nextNight(new Date(now), zone, 2).toISOString()).toBe(expected);
  });
});
