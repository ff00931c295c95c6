import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatorInput } from '../../services/simulator/options.ts';
import { type Simulator, simulator } from '../support/simulator.ts';
import { SimulatorClient } from './simulator-client.ts';

const running: Simulator[] = [];

async function start(profile: 'v2' | 'v3', options: Partial<SimulatorInput> = {}): Promise<SimulatorClient> {
  const started = await simulator(profile, options);
  running.push(started);
  return new SimulatorClient(started);
}

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

const post = <Shape = { id: number }>(client: SimulatorClient, path: string, body: object): Promise<Shape> =>
  client.json<Shape>(path, { method: 'POST', body: JSON.stringify(body) });

interface Row {
  readonly id: number;
  readonly added: string;
  readonly modified: string;
  readonly deleted_at: string | null;
  readonly notes: { readonly created: string }[];
  readonly versions: { readonly id: number; readonly version_label: string | null }[];
}

const rows = async (client: SimulatorClient): Promise<Row[]> =>
  (await client.json<{ results: Row[] }>('/api/documents/?ordering=id&full_perms=true')).results;
const trash = async (client: SimulatorClient): Promise<number[]> =>
  (await client.json<{ results: Row[] }>('/api/trash/')).results.map((row) => row.id);

/** Everything but the times, which an import changes. */
const timeless = (found: Row[]): unknown[] =>
  found.map(({ added: _added, modified: _modified, notes, versions, ...rest }) => ({
    ...rest,
    notes: notes.map(({ created: _created, ...note }) => note),
    versions: versions?.map(({ id, version_label: label }) => [id, label]),
  }));

/** Without what lies below the milliseconds; Date drops it. */
const cut = (time: string): string => new Date(time).toISOString();
const isWhole = (time: string): boolean => /\.\d{3}000Z$|:\d\dZ$/.test(time);

/** A small library with something of each kind that an export carries. */
async function furnish(client: SimulatorClient): Promise<void> {
  const tag = await post(client, '/api/tags/', { name: 'Kept', owner: null });
  const field = await post(client, '/api/custom_fields/', { name: 'Number', data_type: 'integer' });
  const user = await post(client, '/api/users/', { username: 'reader' });
  const [first, second, third] = [
    await client.document('one'),
    await client.document('two'),
    await client.document('three'),
  ];
  await client.patch(first ?? 0, {
    tags: [tag.id],
    archive_serial_number: 17,
    custom_fields: [{ field: field.id, value: 5 }],
    owner: user.id,
    set_permissions: { view: { users: [user.id], groups: [] }, change: { users: [], groups: [] } },
  });
  await post(client, `/api/documents/${second}/notes/`, { note: 'remembered' });
  await client.fetch(`/api/documents/${third}/`, { method: 'DELETE' });
}

for (const profile of ['v3', 'v2'] as const)
  describe(`an export of ${profile} that is imported elsewhere`, () => {
    it('keeps ids and all that the API shows, with times cut to milliseconds and modified at the time of the import', async () => {
      const [source, target] = [await start(profile), await start(profile)];
      await furnish(source);
      const before = target.simulator.store.clock.now();
      target.simulator.import(await source.simulator.export());
      const [left, right] = [await rows(source), await rows(target)];
      expect(left).toHaveLength(2);
      expect(timeless(right)).toEqual(timeless(left));
      const times = (found: Row[]) =>
        found.flatMap(({ added, notes }) => [added, ...notes.map((note) => note.created)]);
      expect(times(right).map(cut)).toEqual(times(left).map(cut));
      expect(times(right).every(isWhole)).toBe(true);
      for (const row of target.simulator.store.documents.values()) expect(row.modified).toBeGreaterThan(before);
      const file = await target.fetch(`/api/documents/${left[0]?.id}/download/?original=true`);
      expect(await file.text()).toBe('one');
    });

    it('leaves tasks behind and the tokens of the target alone, and goes on after the highest id', async () => {
      const [source, target] = [await start(profile), await start(profile, { token: 'a'.repeat(40) })];
      await furnish(source);
      target.simulator.import(await source.simulator.export());
      expect(await target.json<unknown[]>('/api/tasks/')).toEqual([]);
      expect((await target.fetch('/api/tags/')).status).toBe(200);
      const highest = Math.max(...(await target.ids()), ...(await trash(target)));
      expect(await target.document('later')).toBe(highest + 1);
      const note = await post<{ id: number }[]>(target, `/api/documents/${highest + 1}/notes/`, { note: 'new' });
      expect(note[0]?.id).toBe(2);
    });

    it(profile === 'v2' ? 'leaves the trash behind' : 'brings the trash along', async () => {
      const [source, target] = [await start(profile), await start(profile)];
      await furnish(source);
      target.simulator.import(await source.simulator.export());
      expect(await trash(source)).toHaveLength(1);
      expect(await trash(target)).toEqual(profile === 'v2' ? [] : await trash(source));
    });

    it('goes between processes over HTTP', async () => {
      const [source, target] = [await start(profile), await start(profile)];
      await furnish(source);
      const library = await source.json<object>('/simulator/export');
      const answer = await target.fetch('/simulator/import', { method: 'POST', body: JSON.stringify(library) });
      expect(answer.status).toBe(200);
      expect(timeless(await rows(target))).toEqual(timeless(await rows(source)));
    });
  });

describe('an import', () => {
  it('keeps versions with their labels, and those trashed by themselves in the trash', async () => {
    const [source, target] = [await start('v3'), await start('v3')];
    const id = await source.document('root');
    for (const label of ['second', 'third']) {
      const form = new FormData();
      form.append('version_label', label);
      form.append('document', new Blob([`text of the ${label}`]), `${label}.txt`);
      await source.fetch(`/api/documents/${id}/update_version/`, { method: 'POST', body: form });
      await source.simulator.idle();
    }
    await source.fetch(`/api/documents/${id}/versions/${id + 1}/`, { method: 'DELETE' });
    target.simulator.import(await source.simulator.export());
    expect(timeless(await rows(target))).toEqual(timeless(await rows(source)));
    expect(await trash(target)).toEqual([id + 1]);
  });

  it('refuses an export of the other generation, and a library that has one of the documents', async () => {
    const [source, other, target] = [await start('v3'), await start('v2'), await start('v3')];
    await furnish(source);
    const library = await source.simulator.export();
    expect(() => other.simulator.import(library)).toThrow('does not load into 2.20.15');
    await target.document('in the way');
    expect(() => target.simulator.import(library)).toThrow('its file exists');
    expect(await target.ids()).toHaveLength(1);
  });
});

describe('a restored backup', () => {
  it('brings back files that have been purged since, notes and tokens as they were', async () => {
    const client = await start('v3');
    const id = await client.document('precious text');
    await post(client, `/api/documents/${id}/notes/`, { note: 'before' });
    client.simulator.act('backup');
    await client.fetch(`/api/documents/${id}/`, { method: 'DELETE' });
    await post(client, '/api/trash/', { action: 'empty' });
    expect(await client.ids()).toEqual([]);
    client.simulator.act('restore-backup');
    expect(await (await client.fetch(`/api/documents/${id}/download/`)).text()).toBe('precious text');
    expect(await client.json<{ note: string }[]>(`/api/documents/${id}/notes/`)).toMatchObject([{ note: 'before' }]);
    client.simulator.act('restore-backup');
    expect(await client.ids()).toEqual([id]);
  });
});

describe('an upgraded instance', () => {
  it('has SHA-256 checksums, no tasks, and the documents it had with their ids and times', async () => {
    const client = await start('v2');
    await furnish(client);
    const before = await rows(client);
    const [, second] = before;
    expect(await client.json(`/api/documents/${second?.id}/metadata/`)).toMatchObject({
      original_checksum: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    client.simulator.act('upgrade');
    expect(client.simulator.profile).toBe('v3');
    expect(await client.json(`/api/documents/${second?.id}/metadata/`)).toMatchObject({
      original_checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await client.json<unknown[]>('/api/tasks/')).toEqual([]);
    expect((await rows(client)).map(({ id, added, modified }) => [id, added, modified])).toEqual(
      before.map(({ id, added, modified }) => [id, added, modified]),
    );
    expect(await client.document('three')).toBeGreaterThan(0);
  });
});

describe('documents that are written into a simulator', () => {
  it('are there at once as they were asked for, without a task', async () => {
    const client = await start('v2');
    const ids = client.simulator.write(
      Array.from({ length: 5_000 }, (_, at) => ({
        content: `text ${at}`,
        title: `Title ${at % 10}`,
        created: '2020-02-02',
      })),
    );
    expect(ids).toHaveLength(5_000);
    expect(await client.ids()).toEqual(ids);
    expect(await client.ids('&title__iexact=Title 3')).toHaveLength(500);
    expect(await (await client.fetch(`/api/documents/${ids[7]}/download/`)).text()).toBe('text 7');
    expect(await client.json<unknown[]>('/api/tasks/')).toEqual([]);
  });
});
