import { expect, it } from 'vitest';
import { isRevocable, PROMOTION_PHASES, titleOfFile } from '../../../shared/domain/promotion.ts';
import { planNotes } from '../../../shared/domain/provenance.ts';

it('can be taken back until the switch, and not from then on', () => {
  expect(PROMOTION_PHASES.filter((phase) => !isRevocable(phase))).toEqual(['switched', 'done', 'cancelled']);
});

it('names a document that arrived without its title by its file', () => {
  expect(titleOfFile('Invoice 2024.pdf')).toBe('Invoice 2024');
  expect(titleOfFile('.pdf')).toBe('.pdf');
  expect(titleOfFile(`${'x'.repeat(300)}.txt`)).toHaveLength(120);
});

const original = { id: 5, text: 'Seen', created: '2026-01-02T03:04:05.678912Z', username: 'kim' };
const copy = {
  id: 9,
  text: 'pngx n5@2026-01-02T03:04:05.678Z kim\nSeen',
  created: '2026-02-01T00:00:00Z',
  username: 'bot',
};

it('knows the note again that a copy on the new master was made from, and posts nothing', () => {
  expect(planNotes([copy], [original])).toMatchObject({ missing: [], foreign: [], pairs: [{ replicaNoteId: 5 }] });
});

it('takes no other note for it', () => {
  for (const other of [
    { ...original, id: 6 },
    { ...original, text: 'Seen twice' },
    { ...original, created: '2026-01-02T03:04:06Z' },
  ])
    expect(planNotes([copy], [other])).toMatchObject({ missing: [copy], foreign: [other] });
});
