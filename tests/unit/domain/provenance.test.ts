import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutToMillis, fromMicros } from '../../../shared/domain/instant.ts';
import type { Note } from '../../../shared/domain/model.ts';
import { planNotes, provenanceOf, replicaNoteText } from '../../../shared/domain/provenance.ts';

const NOW = '2024-06-01T10:00:00.000001Z';
const note = (id: number, text: string, over: Partial<Note> = {}): Note => ({
  id,
  text,
  created: '2024-05-06T07:08:09.123456+02:00',
  username: 'ada',
  ...over,
});

/** What a replica holds after the plan was carried out: posts get new ids, the time of now and the token's user. */
function apply(master: readonly Note[], replica: readonly Note[]): Note[] {
  const plan = planNotes(master, replica);
  const gone = new Set(plan.surplus.map(({ id }) => id));
  const next = Math.max(0, ...replica.map(({ id }) => id)) + 1;
  const posted = plan.missing.map((one, nth) => ({
    id: next + nth,
    text: replicaNoteText(one),
    created: NOW,
    username: 'sync',
  }));
  return [...replica.filter(({ id }) => !gone.has(id)), ...posted];
}

const created = fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_000_003_000 }).map(fromMicros);
const username = fc.constantFrom('ada', 'bob', null);
const texts = fc.constantFrom(
  '',
  'paid',
  'paid\n',
  'two\nlines',
  'pngx n',
  'pngx n1@',
  'pngx n7@2024-01-01T00:00:00.000Z ada\npaid',
);
const notes = (min: number) =>
  fc.uniqueArray(
    fc.record({
      id: fc.integer({ min, max: min + 12 }),
      text: texts,
      created,
      username,
    }),
    { selector: ({ id }) => id, maxLength: 6 },
  );
/** A replica's notes: its own, copies posted before, copies that came by an import, and doubled ones. */
const library = fc
  .record({
    master: notes(1),
    own: notes(100),
    posted: fc.array(fc.nat({ max: 5 }), { maxLength: 8 }),
    seeded: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
  })
  .map(({ master, own, posted, seeded }) => {
    const pick = (nth: number) => master.slice(nth, nth + 1);
    const copies = posted.flatMap(pick).map((one, nth) => ({
      id: 200 + nth,
      text: replicaNoteText(one),
      created: NOW,
      username: 'sync',
    }));
    const imported = seeded.flatMap(pick).map((one, nth) => ({
      ...one,
      id: 300 + nth,
      created: cutToMillis(one.created) ?? one.created,
    }));
    return { master, replica: [...own, ...copies, ...imported] };
  });

describe('replicaNoteText', () => {
  test('says who wrote the note and when, in UTC cut to milliseconds', () => {
    expect(replicaNoteText(note(5, 'paid\nin cash'))).toBe('pngx n5@2024-05-06T05:08:09.123Z ada\npaid\nin cash');
    expect(replicaNoteText(note(5, 'paid', { username: null }))).toBe('pngx n5@2024-05-06T05:08:09.123Z -\npaid');
  });

  test('is recognised again, and never nested', () => {
    fc.assert(
      fc.property(notes(1), (all) => {
        for (const one of all) {
          const text = replicaNoteText(one);
          expect(provenanceOf(text)).not.toBeNull();
          expect(replicaNoteText({ ...one, id: one.id + 1, text })).toBe(text);
        }
      }),
    );
  });
});

describe('provenanceOf', () => {
  test('reads the master note and its time', () => {
    expect(provenanceOf('pngx n5@2024-05-06T05:08:09.123Z ada\npaid')).toEqual({
      masterNoteId: 5,
      created: '2024-05-06T05:08:09.123Z',
    });
  });

  test.each(['paid', 'pngx n5', 'pngx nx@2024 ada\n', ' pngx n5@2024 ada\n', 'see\npngx n5@2024 ada\n'])(
    'does not see a line in %j',
    (text) => {
      expect(provenanceOf(text)).toBeNull();
    },
  );
});

describe('planNotes', () => {
  test('posts what is missing and keeps what the replica wrote', () => {
    const own = note(9, 'a remark of the replica');
    expect(planNotes([note(1, 'paid')], [own])).toMatchObject({
      stale: [],
      missing: [note(1, 'paid')],
      foreign: [own],
      surplus: [],
    });
  });

  test('takes a copy that came by an import for the note, one for one, and never posts it again', () => {
    const seeded = note(50, 'paid', { created: '2024-05-06T05:08:09.123Z' });
    expect(planNotes([note(1, 'paid')], [seeded])).toMatchObject({
      stale: [],
      missing: [],
      foreign: [],
      surplus: [],
    });
    expect(planNotes([note(1, 'paid'), note(2, 'paid')], [seeded]).missing).toEqual([note(2, 'paid')]);
  });

  test('does not take a note of the same words but another time for a copy', () => {
    expect(planNotes([note(1, 'paid')], [note(50, 'paid', { created: NOW })]).missing).toHaveLength(1);
  });

  test('lets go of all copies of one note but the lowest', () => {
    const text = replicaNoteText(note(1, 'paid'));
    const plan = planNotes([note(1, 'paid')], [note(31, text), note(30, text), note(32, text)]);
    expect(plan.surplus.map(({ id }) => id)).toEqual([31, 32]);
  });

  test('does not post a note again because its author was renamed or deleted', () => {
    const copy = note(30, replicaNoteText(note(1, 'paid')));
    for (const author of ['ada.l', null])
      expect(planNotes([note(1, 'paid', { username: author })], [copy])).toMatchObject({
        stale: [],
        missing: [],
        foreign: [],
        surplus: [],
      });
  });

  test('keeps every copy that a master note of its own asks for, marked notes of an earlier master too', () => {
    const text = replicaNoteText(note(1, 'paid'));
    const plan = planNotes([note(1, 'paid'), note(2, text)], [note(30, text), note(31, text)]);
    expect(plan).toMatchObject({ missing: [], foreign: [], surplus: [], stale: [] });
  });

  test('has nothing left to do once it was carried out', () => {
    fc.assert(
      fc.property(library, ({ master, replica }) => {
        const plan = planNotes(master, apply(master, replica));
        expect(plan.missing).toEqual([]);
        expect(plan.surplus).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('never deletes a note that bears no mark of ours', () => {
    fc.assert(
      fc.property(library, ({ master, replica }) => {
        for (const { text } of planNotes(master, replica).surplus) expect(provenanceOf(text)).not.toBeNull();
      }),
    );
  });

  test('lets go of the copy of a note that was deleted on the master', () => {
    const copy = note(30, replicaNoteText(note(1, 'paid')));
    expect(planNotes([], [copy]).stale).toEqual([copy]);
    expect(planNotes([note(2, 'other')], [copy])).toMatchObject({ stale: [copy], missing: [note(2, 'other')] });
  });

  test('lets go of an imported copy only while its words are those that were paired', () => {
    const seeded = note(50, 'paid', { created: '2024-05-06T05:08:09.123Z' });
    const { pairs } = planNotes([note(1, 'paid')], [seeded]);
    expect(planNotes([], [seeded], pairs).stale).toEqual([seeded]);
    const reused = note(50, 'written by somebody after a restore');
    expect(planNotes([], [reused], pairs)).toMatchObject({ stale: [], foreign: [reused] });
    expect(planNotes([], [seeded]).stale).toEqual([]);
  });

  test('leaves the count as it is over a hundred cycles', () => {
    const master = [note(1, 'paid'), note(2, 'paid'), note(3, 'pngx n7@2024-01-01T00:00:00.000Z eve\nold')];
    let replica: Note[] = [note(9, 'own')];
    for (let cycle = 0; cycle < 100; cycle += 1) replica = apply(master, replica);
    expect(replica).toHaveLength(4);
  });
});
