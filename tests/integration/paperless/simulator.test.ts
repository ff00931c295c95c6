import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator } from '../../../services/simulator/index.ts';
import type { Simulator } from '../../../services/simulator/index.ts';
import type { UploadRequest } from '../../../shared/paperless/api.ts';
import { connect, failure, TOKEN } from './support.ts';
import type { Client } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pngx-client-sim-'));
});
afterAll(() => rm(folder, { recursive: true }));

const hash = (algorithm: string, bytes: string) => createHash(algorithm).update(bytes).digest('hex');
const R = 2_000_000_001;

for (const profile of ['v2', 'v3'] as const)
  describe(`a simulated ${profile} instance`, () => {
    let simulator: Simulator;
    let client: Client;
    beforeEach(async () => {
      simulator = await startSimulator({ profile, token: TOKEN, docs: 12 });
      client = connect(simulator.url);
    });
    afterEach(() => simulator.stop());

    async function fileOf(text: string, given: Partial<UploadRequest> = {}): Promise<UploadRequest> {
      const path = join(folder, hash('md5', text));
      await writeFile(path, text);
      const hashes = { md5: hash('md5', text), sha256: hash('sha256', text) };
      return {
        path,
        size: Buffer.byteLength(text),
        ...hashes,
        fileName: 'notes.txt',
        created: '2024-03-05',
        title: 'pngx.c.m1',
        asn: R,
        ...given,
      };
    }
    async function consumed(text: string, given: Partial<UploadRequest> = {}) {
      const { taskId } = await client.writer.upload(await fileOf(text, given));
      await simulator.idle();
      const task = await client.writer.task(taskId);
      if (task === null) throw new Error('the upload has no task row');
      return task;
    }

    it('is recognised', async () => {
      expect(await client.reader.probe()).toMatchObject({ generation: profile, isSuperuser: true, username: 'admin' });
    });

    it('lists feed, census and taxonomy of the same library', async () => {
      const feed = await client.reader.feedPage(null, 100);
      const census = await client.reader.census();
      expect(feed.rows.map((row) => row.id).toSorted()).toEqual([...census.ids].toSorted());
      const last = feed.rows.at(-1)?.modified ?? '';
      expect((await client.reader.feedPage(last, 100)).rows.length).toBeGreaterThanOrEqual(1);
      expect((await client.reader.taxonomy('tag')).length).toBe(6);
      expect((await client.reader.taxonomy('correspondent')).length).toBe(4);
      expect(await client.reader.customFields()).toEqual([]);
      expect((await client.reader.users()).map((user) => user.name)).toContain('admin');
      expect(await client.reader.liveAmong([census.ids[0] ?? 0, 987_654])).toEqual([census.ids[0]]);
      const [one, none] = await client.reader.documents([census.ids[0] ?? 0, 987_654]);
      expect(one).toEqual(await client.reader.document(census.ids[0] ?? 0));
      expect(none).toBeUndefined();
    });

    it('consumes an upload that is then found by task, ASN, checksum and reserved range', async () => {
      const task = await consumed('a text that nobody has yet');
      expect(task).toMatchObject({ state: 'success', duplicateOf: null });
      if (profile === 'v3') expect(task.overrides).toMatchObject({ title: 'pngx.c.m1', asn: R });
      const id = task.documentId ?? 0;
      expect(await client.reader.byAsn(R)).toMatchObject({ id, title: 'pngx.c.m1' });
      expect((await client.reader.reserved(2_000_000_000)).map((row) => row.id)).toEqual([id]);
      const hex = hash(profile === 'v2' ? 'md5' : 'sha256', 'a text that nobody has yet');
      expect((await client.reader.byChecksum(hex)).map((row) => row.id)).toEqual([id]);
      expect(await client.reader.originalChecksum(id)).toMatchObject({ hex });
      expect(await client.reader.fileFacts(id)).toEqual({
        checksum: { algorithm: profile === 'v2' ? 'md5' : 'sha256', hex },
        size: 26,
      });
      const document = await client.reader.document(id);
      expect(document).toMatchObject({ id, created: '2024-03-05', asn: R, originalFileName: 'notes.txt' });
      expect(document?.versions.length).toBe(profile === 'v3' ? 1 : 0);
      expect(await client.reader.unfinishedTasks()).toEqual([]);
      expect((await client.reader.tasksSince('2020-01-01T00:00:00Z')).map((row) => row.taskId)).toEqual([task.taskId]);
      const path = join(folder, `download-${profile}`);
      const file = await client.reader.downloadOriginal(id, path);
      expect(file.sha256).toBe(hash('sha256', await readFile(path, 'utf8')));
    });

    it('refuses a taken ASN, and v2 known bytes, by the task alone', async () => {
      const first = await consumed('the same bytes');
      const again = await consumed('the same bytes', { asn: R + 1 });
      if (profile === 'v2') expect(again).toMatchObject({ state: 'failure', duplicateOf: first.documentId });
      else expect(again).toMatchObject({ state: 'success', duplicateOf: null });
      expect(await consumed('other bytes')).toMatchObject({ state: 'failure', documentId: null });
      expect(await client.reader.byAsn(R)).toMatchObject({ id: first.documentId });
    });

    it('shows uploads that wait as unfinished', async () => {
      simulator.act('pause-worker');
      const { taskId } = await client.writer.upload(await fileOf('waits'));
      expect((await client.reader.unfinishedTasks()).map((task) => [task.taskId, task.state])).toEqual([
        [taskId, 'pending'],
      ]);
    });

    it('takes every write and answers with what it stored', async () => {
      const id = (await consumed('to be changed')).documentId ?? 0;
      const { modified } = await client.writer.patchDocument(id, {
        title: 'New',
        archive_serial_number: null,
        tags: [],
      });
      expect(await client.reader.document(id)).toMatchObject({ title: 'New', asn: null, modified });
      const notes = await client.writer.addNote(id, 'first');
      expect(notes.map((note) => note.text)).toEqual(['first']);
      expect(await client.writer.deleteNote(id, notes[0]?.id ?? 0)).toEqual([]);
      const tag = await client.writer.createTaxonomy('tag', { name: 'Made', owner: null, matching_algorithm: 0 });
      expect(tag).toMatchObject({ kind: 'tag', name: 'Made', owner: null });
      expect((await client.writer.patchTaxonomy('tag', tag.id, { name: 'Renamed' })).name).toBe('Renamed');
      await client.writer.deleteTaxonomy('tag', tag.id);
      const options = { select_options: [{ id: 'one', label: 'One' }] };
      const field = await client.writer.createCustomField({ name: 'F', data_type: 'select', extra_data: options });
      expect(field.selectOptions).toEqual([{ id: 'one', label: 'One' }]);
      expect((await client.writer.patchCustomField(field.id, { name: 'G', extra_data: options })).name).toBe('G');
    });

    it('moves a document to the trash and back', async () => {
      const id = (await consumed('to be trashed')).documentId ?? 0;
      await client.writer.trashDocument(id);
      expect(await client.reader.document(id)).toBeNull();
      expect(await client.reader.originalChecksum(id)).toBeNull();
      expect(await client.reader.trash()).toMatchObject([{ id, asn: R, rootDocument: null }]);
      await client.writer.restoreDocument(id);
      expect((await client.reader.document(id))?.id).toBe(id);
      expect(await failure(client.writer.restoreDocument(id))).toMatchObject({ code: 'values_refused' });
      expect(await failure(client.writer.trashDocument(987_654))).toMatchObject({ code: 'object_not_found' });
    });

    it('refuses values field by field', async () => {
      const id = (await client.reader.census()).ids[0] ?? 0;
      const error = await failure(client.writer.patchDocument(id, { title: 'x'.repeat(129), correspondent: 987_654 }));
      expect(error).toMatchObject({ code: 'values_refused', class: 'invalid' });
      expect(Object.keys(error.fields ?? {}).toSorted()).toEqual(['correspondent', 'title']);
      const twice = await failure(client.writer.createTaxonomy('tag', { name: 'Bills', owner: null }));
      expect(twice).toMatchObject({ code: 'values_refused' });
    });

    for (const [fault, code] of [
      ['unauthorized', 'token_refused'],
      ['forbidden', 'list_forbidden'],
      ['not-acceptable', 'not_acceptable'],
      ['html-login', 'html_instead_of_api'],
      ['redirect', 'redirected'],
      ['locked-500', 'database_locked'],
      ['down', 'instance_unreachable'],
      ['truncated-body', 'body_truncated'],
      ['wrong-shape', 'wrong_shape'],
    ] as const)
      it(`${fault} is ${code}, never an empty list`, async () => {
        simulator.setFault(fault);
        const error = await failure(client.reader.taxonomy('tag'));
        expect([error.code, error.scope]).toEqual([code, 'instance']);
      });

    for (const [fault, code] of [
      ['drop-after-commit', 'answer_missing'],
      ['bad-gateway-after-accept', 'answer_missing'],
      ['never-answer', 'answer_missing'],
    ] as const)
      it(`${fault} leaves an upload's outcome unknown, and the document is found by its ASN`, async () => {
        simulator.setFault(fault, { match: { method: 'POST' } });
        const hasty = connect(simulator.url, { timeouts: { firstByteMs: 300 } });
        const error = await failure(hasty.writer.upload(await fileOf('accepted all the same')));
        expect(error).toMatchObject({ code, class: 'unknown-outcome' });
        simulator.clearFaults();
        await simulator.idle();
        expect(await client.reader.byAsn(R)).not.toBeNull();
      });

    it('a proxy that refuses big bodies is told as too large', async () => {
      simulator.setFault('too-large', { match: { method: 'POST' } });
      expect(await failure(client.writer.upload(await fileOf('big')))).toMatchObject({ code: 'payload_too_large' });
    });
  });

it('an upgrade from 2.20 to 3 in the middle is noticed by the next answer', async () => {
  const simulator = await startSimulator({ profile: 'v2', token: TOKEN, docs: 3 });
  const { reader } = connect(simulator.url);
  const id = (await reader.census()).ids[0] ?? 0;
  expect((await reader.originalChecksum(id))?.algorithm).toBe('md5');
  simulator.act('upgrade');
  const stale = hash('md5', 'whatever');
  expect(await failure(reader.byChecksum(stale))).toMatchObject({ code: 'checksum_family', scope: 'instance' });
  expect((await reader.originalChecksum(id))?.algorithm).toBe('sha256');
  await simulator.stop();
});
