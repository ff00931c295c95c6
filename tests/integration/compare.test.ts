import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Comparison, compareInstances } from '../../services/demo/compare.ts';
import { connect, type Instance, type PaperlessHttp } from '../../services/demo/http.ts';
import { makeLibrary } from '../../services/demo/library/index.ts';
import { seedLibrary, type Seeding } from '../../services/demo/seed.ts';
import { Household } from '../../services/demo/stage/children.ts';
import { documentWire, noteWire } from '../../services/demo/wire.ts';

const library = makeLibrary({ ordinary: 9, heavyBytes: 300_000 });
const household = new Household();
let master: Instance;
let attic: Instance;
let cellar: Instance;
let onMaster: Seeding;
let onAttic: Seeding;

async function simulator(name: string, profile: string): Promise<Instance> {
  const token = randomBytes(20).toString('hex');
  const args = ['--profile', profile, '--port', '0', '--token', token];
  const { url } = await household.start({ name, script: 'services/simulator/main.ts', args });
  return { url, token };
}

/** The library once more, with the notes as a faithful copy of this master would have them. */
async function seedCopy(replica: Instance): Promise<Seeding> {
  const notes = new Map<string, z.output<typeof noteWire>[]>();
  const http = connect(master);
  for (const { key, notes: own } of library.documents) {
    if (own.length === 0) continue;
    notes.set(key, await http.get(`/api/documents/${idOf(onMaster, key)}/notes/`, z.array(noteWire)));
  }
  return seedLibrary(replica, library, {
    noteText: (key, index, text) => {
      const note = notes.get(key)?.[index];
      return `pngx n${note?.id}@${new Date(note?.created ?? '').toISOString()} ${note?.user?.username ?? '-'}\n${text}`;
    },
  });
}

function idOf(seeding: Seeding, key: string): number {
  const id = seeding.ids.get(key);
  if (id === undefined) throw new Error(`"${key}" was not brought in.`);
  return id;
}

beforeAll(async () => {
  [master, attic, cellar] = await Promise.all([
    simulator('master', 'v3'),
    simulator('attic', 'v3'),
    simulator('cellar', 'v2'),
  ]);
  onMaster = await seedLibrary(master, library);
  [onAttic] = await Promise.all([seedCopy(attic), seedCopy(cellar)]);
}, 120_000);

afterAll(() => household.close(), 60_000);

describe('seeding', () => {
  it('brings every document in on v3, and leaves out the second twin on v2, with its reason', async () => {
    expect(onMaster.ids.size).toBe(library.documents.length);
    expect(onMaster.skipped).toEqual([]);
    const again = await seedLibrary(cellar, {
      ...library,
      documents: library.documents.filter(({ twinOf }) => twinOf),
    });
    expect(again.skipped).toMatchObject([{ key: 'twin-two', reason: expect.stringContaining('twin-one') }]);
  });

  it('makes a document exactly what the library says', async () => {
    const wanted = library.documents.find(({ key }) => key === 'fields-all');
    const path = `/api/documents/${idOf(onMaster, 'fields-all')}/?full_perms=true`;
    const document = await connect(master).get(path, documentWire);
    expect(document).toMatchObject({
      title: wanted?.title,
      created: wanted?.created,
      archive_serial_number: wanted?.asn,
    });
    const names = onMaster.names;
    expect(document.owner).toBe(names.users.get('office'));
    const closed = ['Finance', 'Taxes', 'Income tax 2019', 'House', 'Garden', 'Tools', 'Inbox'];
    expect(new Set(document.tags)).toEqual(new Set(closed.map((name) => names.tags.get(name))));
    // Ten values of its own, and the link that another document wrote into it.
    expect(document.custom_fields.length).toBe(11);
  });
});

describe('comparing two instances with the same library', () => {
  it('finds them equal, having read every file from both sides', async () => {
    const comparison = await compareInstances({ master, replica: attic });
    expect(comparison).toMatchObject({
      equal: true,
      documents: library.documents.length,
      identical: library.documents.length,
      filesCompared: library.documents.length,
      differing: {},
      twins: 2,
    });
    expect(comparison.requests.replica).toBeGreaterThan(library.documents.length);
  });

  it('finds a v2 replica equal only if its missing twin is listed as blocked', async () => {
    const masterId = idOf(onMaster, 'twin-two');
    const silent = await compareInstances({ master, replica: cellar });
    expect(silent).toMatchObject({ equal: false, missing: [{ id: masterId }] });
    const told = await compareInstances({ master, replica: cellar, blocked: [{ masterId, reason: 'twin' }] });
    expect(told).toMatchObject({ equal: true, missing: [], blocked: [{ masterId, reason: 'twin', byNature: true }] });
  });

  it('does not believe that a document is blocked which the replica could hold', async () => {
    const http = connect(cellar);
    const masterId = idOf(onMaster, 'bare');
    const { results } = await http.get(
      '/api/documents/?title__iexact=bare',
      z.object({ results: z.array(z.object({ id: z.number() })) }),
    );
    await http.delete(`/api/documents/${results[0]?.id}/`);
    const blocked = [masterId, idOf(onMaster, 'twin-two')].map((id) => ({ masterId: id, reason: 'no wish to' }));
    const comparison = await compareInstances({ master, replica: cellar, blocked });
    expect(comparison.equal).toBe(false);
    expect(comparison.blocked.filter(({ byNature }) => !byNature)).toMatchObject([{ masterId }]);
  });
});

type Damage = (http: PaperlessHttp, id: (key: string) => number) => Promise<unknown>;
const anything = z.unknown();
const patch =
  (key: string, change: object): Damage =>
  (http, id) =>
    http.patch(`/api/documents/${id(key)}/`, change, anything);

/** Each on a document of its own, so that all of it can be done to one replica, one after the other. */
const DAMAGES: readonly (readonly [string, Damage, (found: Comparison) => unknown, unknown])[] = [
  ['a title', patch('title-spaces', { title: 'Spaces inside' }), (found) => found.differing.title?.count, 1],
  ['a text', patch('content-edited', { content: 'Words' }), (found) => found.differing.content?.count, 1],
  ['a date', patch('date-old', { created: '1848-03-19' }), (found) => found.differing.created?.count, 1],
  ['a number', patch('date-future', { archive_serial_number: 4 }), (found) => found.differing.asn?.count, 1],
  ['a correspondent', patch('title-rtl', { correspondent: null }), (found) => found.differing.correspondent?.count, 1],
  ['a tag', patch('title-emoji', { tags: [] }), (found) => found.differing.tags?.count, 1],
  ['an owner', patch('notes-owned', { owner: null }), (found) => found.differing.owner?.count, 1],
  ['a value', patch('fields-empty', { custom_fields: [] }), (found) => found.differing.custom_fields?.count, 1],
  [
    'a permission',
    patch('bare', { set_permissions: { view: { users: [], groups: [1] }, change: { users: [], groups: [] } } }),
    (found) => found.differing.permissions?.count,
    1,
  ],
  [
    'a note that was posted twice',
    async (http, id) => {
      const path = `/api/documents/${id('notes-many')}/notes/`;
      const [first] = await http.get(path, z.array(noteWire));
      await http.post(path, { note: first?.note }, anything);
    },
    (found) => found.differing.notes?.count,
    1,
  ],
  ['a title of unfinished work', patch('name-dots', { title: 'pngx.abc.m1.a1' }), (found) => found.markers.length, 1],
  [
    'a reserved number',
    patch('name-rtl', { archive_serial_number: 2_000_000_007 }),
    (found) => found.markers.length,
    2,
  ],
  [
    'a document that is not there',
    (http, id) => http.delete(`/api/documents/${id('links-none')}/`),
    (found) => found.missing.map(({ title }) => title),
    ['links-none'],
  ],
  ['a document that is there twice', (http) => seedExtra(http, 'twin-one'), (found) => found.doubled.length, 1],
  [
    'a colour',
    (http) => http.patch(`/api/tags/${onAttic.names.tags.get('Heating')}/`, { color: '#123456' }, anything),
    (found) => found.taxonomy.differences.filter((line) => line.includes('Heating')).length,
    1,
  ],
  [
    'a link',
    async (http, id) => {
      const field = onAttic.names.fields.get('Answers')?.id;
      await http.patch(`/api/documents/${id('heavy')}/`, { custom_fields: [{ field, value: [] }] }, anything);
    },
    // Both ends, and the document whose values were taken before.
    (found) => found.differing.custom_fields?.count,
    3,
  ],
];

async function seedExtra(http: PaperlessHttp, key: string): Promise<void> {
  const documents = library.documents.filter((document) => document.key === key);
  const bare = documents.map((document) => ({
    ...document,
    key: 'again',
    asn: null,
    title: 'Once more',
    notes: [],
    links: {},
  }));
  await seedLibrary({ url: http.url, token: attic.token }, { ...library, documents: bare });
}

describe('comparing a replica that was damaged', () => {
  it.each(DAMAGES)('finds %s', async (_, damage, finding, expected) => {
    await damage(connect(attic), (key) => idOf(onAttic, key));
    const comparison = await compareInstances({ master, replica: attic });
    expect(comparison.equal).toBe(false);
    expect(finding(comparison)).toEqual(expected);
  });

  it('refuses a token that may not see everything', async () => {
    const { token } = await connect(attic).post(
      '/api/token/',
      { username: 'office', password: 'demo-library-only' },
      z.object({ token: z.string() }),
    );
    await expect(compareInstances({ master, replica: { ...attic, token } })).rejects.toThrow('superuser');
  });
});
