import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DocumentVersion } from '../../../shared/domain/model.ts';
import {
  alignVersions,
  isAligned,
  type AlignInput,
  type KnownVersion,
  type MasterFile,
} from '../../../shared/domain/versions.ts';

const sha = (text: string) => text.padEnd(64, '0');
const md5 = (text: string) => text.padEnd(32, '0');
const file = (id: number, bytes: string, label: string | null = null): MasterFile => ({
  id,
  checksum: sha(bytes),
  label,
});
const row = (id: number, bytes: string, label: string | null = null, isRoot = false): DocumentVersion => ({
  id,
  added: '2024-01-01T00:00:00Z',
  label,
  checksum: sha(bytes),
  isRoot,
});
const known = (master: number, replica: number, bytes: string, more: Partial<KnownVersion> = {}): KnownVersion => ({
  masterVersionId: master,
  replicaVersionId: replica,
  sha256: sha(bytes),
  md5: md5(bytes),
  stored: sha(bytes),
  state: 'current',
  ...more,
});
const NOTHING = { sha256: null, md5: null, stored: null };
const align = (input: Partial<AlignInput>) =>
  alignVersions({ master: [], copy: [], known: [], root: NOTHING, inTrash: null, ...input });

describe('the versions of a copy', () => {
  test('that has them all, by their bytes alone, needs nothing but to be remembered', () => {
    const plan = align({ master: [file(1, 'a'), file(5, 'b')], copy: [row(9, 'b'), row(7, 'a', null, true)] });
    expect(isAligned(plan)).toBe(true);
    expect(plan.pairs.map(({ fresh }) => fresh)).toEqual([true, true]);
  });

  test('lack what the master has more, in its order', () => {
    const plan = align({ master: [file(1, 'a'), file(5, 'b'), file(6, 'c')], copy: [row(7, 'a', null, true)] });
    expect(plan.missing.map(({ id }) => id)).toEqual([5, 6]);
  });

  test('that came out of order are sent again from the first one out of place', () => {
    const plan = align({
      master: [file(1, 'a'), file(5, 'b'), file(6, 'c')],
      copy: [row(7, 'a', null, true), row(8, 'c'), row(9, 'b')],
      known: [known(1, 7, 'a'), known(6, 8, 'c'), known(5, 9, 'b')],
    });
    expect(plan.surplus).toMatchObject([{ version: { id: 8 }, foreign: false }]);
    expect(plan.missing.map(({ id }) => id)).toEqual([6]);
  });

  test('with our mark that nobody needs are ours, others are foreign', () => {
    const plan = align({
      master: [file(1, 'a')],
      copy: [row(7, 'a', null, true), row(8, 'a', 'pngx.c0ffee00.v5.2'), row(9, 'x', 'mine')],
    });
    expect(plan.surplus.map(({ version, foreign }) => [version.id, foreign])).toEqual([
      [8, false],
      [9, true],
    ]);
  });

  test('ask for the trash where one is known and not live, and bring it back only from there', () => {
    const input = {
      master: [file(1, 'a'), file(5, 'b'), file(6, 'c')],
      copy: [row(7, 'a', null, true), row(9, 'c')],
      known: [known(1, 7, 'a'), known(5, 8, 'b', { state: 'removed' as const }), known(6, 9, 'c')],
    };
    expect(align(input).needsTrash).toBe(true);
    const there = align({ ...input, inTrash: new Set([8]) });
    expect([there.restore?.versionId, there.surplus, there.missing]).toEqual([8, [], []]);
    const purged = align({ ...input, inTrash: new Set() });
    expect(purged.restore).toBeNull();
    expect(purged.surplus.map(({ version }) => version.id)).toEqual([9]);
    expect(purged.missing.map(({ id }) => id)).toEqual([5, 6]);
  });

  test('of an instance that alters bytes stand for what was sent, as long as the master keeps its file', () => {
    const altered = known(5, 8, 'b', { stored: sha('altered') });
    const copy = [row(7, 'a', null, true), row(8, 'altered')];
    const plan = align({ master: [file(1, 'a'), file(5, 'b')], copy, known: [known(1, 7, 'a'), altered] });
    expect([isAligned(plan), plan.pairs.map((pair) => pair.altered)]).toEqual([true, [false, true]]);
  });

  test('of a copy made when one file was all it took begin with the newest of that time', () => {
    const plan = align({ master: [file(1, 'a'), file(5, 'b'), file(6, 'c')], copy: [row(7, 'b', null, true)] });
    expect([plan.older.map(({ id }) => id), plan.missing.map(({ id }) => id)]).toEqual([[1], [6]]);
  });

  test("of a first file that is none of the master's end with the newest", () => {
    const plan = align({ master: [file(1, 'a'), file(5, 'b')], copy: [row(7, 'x', null, true)] });
    expect([plan.strayRoot, plan.missing.map(({ id }) => id), plan.older.length]).toEqual([true, [5], 1]);
  });

  test('of a 2.20 master keep the earlier files below the one that counts', () => {
    const single = (bytes: string): MasterFile => ({ id: 1, checksum: md5(bytes), label: undefined });
    const copy = [row(7, 'a', null, true), row(8, 'b')];
    const rows = [known(1, 7, 'a', { state: 'superseded' }), known(1, 8, 'b')];
    expect(isAligned(align({ master: [single('b')], copy, known: rows }))).toBe(true);
    expect(align({ master: [single('c')], copy, known: rows })).toMatchObject({
      surplus: [],
      missing: [{ checksum: md5('c') }],
    });
    const upgraded = align({ master: [file(1, 'b')], copy, known: rows });
    expect([upgraded.missing, upgraded.surplus]).toEqual([[], []]);
  });

  test('are not taken for altered where a later one has the true bytes', () => {
    const copy = [row(7, 'a', null, true), row(8, 'b')];
    const root = { md5: md5('b'), sha256: sha('b'), stored: sha('a') };
    const plan = align({ master: [{ id: 1, checksum: md5('b'), label: undefined }], copy, root });
    expect([plan.missing, plan.surplus, plan.pairs.map(({ version }) => version.id)]).toEqual([[], [], [8]]);
  });

  test('keep the label of the master, and lose our mark where the master knows none', () => {
    const copy = [row(7, 'a', 'pngx.c0ffee00.v1.1', true)];
    expect(align({ master: [file(1, 'a', 'signed')], copy }).labels).toMatchObject([{ label: 'signed' }]);
    const plain = { master: [{ ...file(1, 'a'), label: undefined }] };
    expect(align({ ...plain, copy }).labels).toMatchObject([{ label: null }]);
    expect(align({ ...plain, copy: [row(7, 'a', 'mine', true)] }).labels).toEqual([]);
  });
});

/** The replica as a model: rows and a trash; new rows get ever higher ids. */
test('whatever both sides did, following the plan ends with the same list', () => {
  const bytes = fc.constantFrom('a', 'b', 'c', 'd');
  const scene = fc.record({
    master: fc.array(bytes, { minLength: 1, maxLength: 6 }),
    live: fc.array(bytes, { maxLength: 6 }),
    away: fc.array(bytes, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(scene, ({ master, live, away }) => {
      const files = master.map((one, at) => file(at + 1, one));
      const root = row(100, master[0] ?? 'a', null, true);
      let rows = [root, ...live.map((one, at) => row(110 + 2 * at, one))];
      const trash = new Map(away.map((one, at) => [111 + 2 * at, row(111 + 2 * at, one)]));
      let memory: KnownVersion[] = away.map((one, at) =>
        known((at % files.length) + 1, 111 + 2 * at, one, { state: 'removed' }),
      );
      let nextId = 1000;
      for (let turn = 0; turn < 60; turn += 1) {
        const plan = align({ master: files, copy: rows, known: memory, inTrash: new Set(trash.keys()) });
        for (const pair of plan.pairs) {
          const current = known(pair.file.id, pair.version.id, '', {
            sha256: pair.file.checksum,
            stored: pair.version.checksum,
          });
          if (pair.fresh) memory = [...memory.filter((one) => one.replicaVersionId !== pair.version.id), current];
        }
        const [surplus] = plan.surplus;
        const [missing] = plan.missing;
        if (plan.restore) {
          const back = trash.get(plan.restore.versionId);
          if (back) rows = [...rows, back];
          trash.delete(plan.restore.versionId);
        } else if (surplus) {
          rows = rows.filter((one) => one.id !== surplus.version.id);
          trash.set(surplus.version.id, surplus.version);
        } else if (missing) {
          const made = { ...row(++nextId, ''), checksum: missing.checksum };
          rows = [...rows, made];
          memory = [...memory, known(missing.id, made.id, '', { sha256: missing.checksum, stored: missing.checksum })];
        } else break;
      }
      const list = [...rows].sort((a, b) => a.id - b.id).map((one) => one.checksum);
      expect(list).toEqual(files.map((one) => one.checksum));
    }),
    { numRuns: 500 },
  );
});
