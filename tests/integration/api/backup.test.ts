import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY, insertMeta } from '../../../shared/db/app-meta.repo.ts';
import { noteBackup } from '../../../shared/db/backups.repo.ts';
import { migrations } from '../../../shared/db/migrations/index.ts';
import { checkBackup } from '../../../shared/replication/backup/read-backup.ts';
import { KEY_PLAIN } from '../../../shared/replication/check-secret-key.ts';
import { folder } from '../backup/support.ts';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let dir: Awaited<ReturnType<typeof folder>>;
beforeAll(async () => {
  [api, dir] = [await startTestApi(), await folder()];
});
afterAll(async () => {
  await api.close();
  await dir.remove();
});

describe('backups over the API', () => {
  it('refuses one before a controller was started on the database', async () => {
    const { status, body } = await api.get('/api/backup');
    expect([status, body.error.code]).toEqual([422, 'backup_failed']);
  });

  it('downloads a whole one as a file, tokens encrypted', async () => {
    await insertMeta(api.db, CANARY, api.secrets.seal(KEY_PLAIN));
    await addReplicaRow(api, 'attic');
    const response = await fetch(`${api.url}/api/backup`);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="pngx-\d{8}T\d{9}Z\.backup\.gz"$/,
    );
    const file = join(dir.path, 'downloaded.gz');
    await writeFile(file, Buffer.from(await response.arrayBuffer()));
    const header = await checkBackup(file, { secrets: api.secrets, known: migrations });
    expect(header.tables).toContainEqual({ name: 'replicas', rows: 1 });
  });

  it('says when the last one was made, and why it failed since, in status and on the page', async () => {
    expect((await api.get('/api/status')).body.backup).toMatchObject({ made_at: null, error: null });
    await noteBackup(api.db, {
      state: 'made',
      file: '/data/backup/a.gz',
      bytes: 5,
      row_count: 2,
      digest: 'd',
      sha256: 's',
    });
    const made = (await api.get('/api/status')).body.backup;
    expect(made).toMatchObject({ file: '/data/backup/a.gz', bytes: 5, rows: 2, error: null });
    expect(Date.parse(made.made_at)).toBeGreaterThan(0);
    await noteBackup(api.db, { state: 'failed', error_msg: 'no space left' });
    expect((await api.get('/api/status')).body.backup.error).toBe('no space left');
    expect((await api.get('/')).text).toContain('no space left');
  });
});
