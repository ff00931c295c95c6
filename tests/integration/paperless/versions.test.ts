import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VersionRequest } from '../../../shared/paperless/api.ts';
import { uploadText } from '../../support/paperless-calls.ts';
import { SIMULATOR_TOKEN, simulator, type Simulator } from '../../support/simulator.ts';
import { connect, failure } from './support.ts';

const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex');

describe('versions of a file on 3.x', () => {
  let instance: Simulator;
  let folder: string;
  const client = () => connect(instance.url, { token: SIMULATOR_TOKEN });
  const requestOf = async (text: string, label: string): Promise<VersionRequest> => {
    const bytes = Buffer.from(text);
    const path = join(folder, `${digest('md5', bytes)}.txt`);
    await writeFile(path, bytes);
    const hashes = { md5: digest('md5', bytes), sha256: digest('sha256', bytes) };
    return { path, size: bytes.length, ...hashes, fileName: `${label}.txt`, label };
  };
  const add = async (text: string, label: string) => {
    const { writer } = client();
    const { taskId } = await writer.uploadVersion(1, await requestOf(text, label));
    await instance.idle();
    return { taskId, id: (await writer.task(taskId))?.documentId ?? 0 };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pngx-versions-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    instance = await simulator('v3');
    await uploadText(instance, 'root');
    await instance.idle();
  });
  afterEach(() => instance.stop());

  it('go up with their label and name, and their task tells the label and the version', async () => {
    const { writer } = client();
    const { taskId, id } = await add('second file\n', 'pngx.c0ffee00.v7.1');
    expect((await writer.document(1))?.versions).toMatchObject([
      { id: 1, isRoot: true, label: null },
      { id, isRoot: false, label: 'pngx.c0ffee00.v7.1', checksum: digest('sha256', Buffer.from('second file\n')) },
    ]);
    const [task] = (await writer.tasksSince('2000-01-01T00:00:00Z')).filter((one) => one.taskId === taskId);
    expect(task?.overrides).toMatchObject({ versionLabel: 'pngx.c0ffee00.v7.1', title: null });
    expect(await writer.versionFacts(1, id)).toMatchObject({ fileName: 'pngx.c0ffee00.v7.1.txt', size: 12 });
    expect([await writer.rootOf(id), await writer.rootOf(1), await writer.rootOf(99)]).toEqual([1, 1, null]);
  });

  it('are downloaded one by one, each by its own id', async () => {
    await add('second file\n', 'second');
    const { reader } = client();
    const [first, second] = (await reader.document(1))?.versions ?? [];
    for (const version of [first, second]) {
      const path = join(folder, `download-${version?.id}`);
      expect((await reader.downloadVersion(1, version?.id ?? 0, path)).sha256).toBe(version?.checksum);
      expect((await readFile(path)).length).toBeGreaterThan(0);
    }
    expect((await failure(reader.downloadVersion(1, 99, join(folder, 'none')))).code).toBe('object_not_found');
    expect(await reader.versionFacts(1, 99)).toBeNull();
  });

  it('are labelled, deleted to the trash and brought back', async () => {
    const { id } = await add('second file\n', 'second');
    const { writer } = client();
    await writer.setVersionLabel(1, id, 'signed');
    await writer.setVersionLabel(1, 1, 'original');
    expect((await writer.document(1))?.versions.map((one) => one.label)).toEqual(['original', 'signed']);
    await writer.setVersionLabel(1, id, null);
    await writer.deleteVersion(1, id);
    expect((await writer.document(1))?.versions.map((one) => one.id)).toEqual([1]);
    expect(await writer.trash()).toMatchObject([{ id, rootDocument: 1 }]);
    expect(await writer.rootOf(id)).toBe(1);
    await writer.restoreDocument(id);
    expect((await writer.document(1))?.versions.map((one) => one.label)).toEqual(['original', null]);
  });

  it('never include the first file when they are deleted', async () => {
    instance.clearRequests();
    expect((await failure(client().writer.deleteVersion(1, 1))).code).toBe('internal_error');
    expect(instance.requests()).toEqual([]);
  });

  it('name what was refused', async () => {
    const { writer } = client();
    expect(await failure(writer.deleteVersion(1, 99))).toMatchObject({ code: 'object_not_found' });
    expect(await failure(writer.setVersionLabel(1, 1, 'x'.repeat(65)))).toMatchObject({ code: 'values_refused' });
    expect(await failure(writer.uploadVersion(99, await requestOf('other', 'other')))).toMatchObject({
      code: 'object_not_found',
    });
    const long = await requestOf('other', 'y'.repeat(65));
    expect(await failure(writer.uploadVersion(1, { ...long, fileName: 'a.txt' }))).toMatchObject({
      code: 'values_refused',
    });
  });

  it('that are not the verified bytes never arrive', async () => {
    const request = await requestOf('the true bytes\n', 'true');
    await writeFile(request.path, 'the false byte\n');
    const error = await failure(client().writer.uploadVersion(1, request));
    expect(error.class).not.toBe('unknown-outcome');
    await instance.idle();
    expect((await client().reader.document(1))?.versions).toHaveLength(1);
  });

  it('whose answer is lost are of unknown outcome', async () => {
    instance.setFault('drop-after-commit', { match: { pathSuffix: '/update_version/' }, times: 1 });
    const error = await failure(client().writer.uploadVersion(1, await requestOf('second', 'second')));
    expect(error).toMatchObject({ class: 'unknown-outcome', code: 'answer_missing' });
  });
});
