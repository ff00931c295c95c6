/** The file itself: exact, whole or refused, and never a cause of a change that it should not be. */
import { createHash } from 'node:crypto';
import { readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { markPutBack } from '../../../shared/replication/backup/restore.ts';
import { backupTick } from '../../../shared/replication/backup/backup-tick.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import { Controller } from '../../support/controller.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { backUp, contentOf, countAll, folder, plantCanary, restore, rewritten } from './support.ts';

const NOWHERE = { url: 'http://127.0.0.1:9', token: 'a-token-that-leads-nowhere' };
let controller: Controller;
let dir: Awaited<ReturnType<typeof folder>>;
let file: string;

beforeAll(async () => {
  dir = await folder();
  controller = await Controller.start({ master: NOWHERE, replicas: { attic: NOWHERE, cellar: NOWHERE }, idle: true });
  await plantCanary(controller);
  await fill();
  file = join(dir.path, 'one.gz');
  await backUp(controller.db, file);
});
afterAll(async () => {
  await controller.stop();
  await dir.remove();
});

/** Values that a careless format would change: separators of lines, quotes, nulls, microseconds, JSON's own null. */
async function fill(): Promise<void> {
  const { db } = controller;
  const { id } = await controller.replica('attic');
  await sql`insert into sync_map (replica_id, master_doc_id, replica_doc_id, status, phase, error_msg, plan, applied, last_synced,
      master_added, dirty_seq, applied_seq)
    select ${id}, n, n + 1000, 'ok', 'ok', ${'a\u2028b\\n"c"\n\t[1,2]'}, '{"a": [1, null, "ü"]}', 'null',
      '2026-02-03 04:05:06.789012+00', '2026-02-03T04:05:06.789012+01:00', n, n
    from generate_series(1, 1203) n`.execute(db);
  await sql`insert into tombstones (replica_id, link_id, master_doc_id, replica_doc_id, reason)
    select replica_id, id, master_doc_id, replica_doc_id, 'surplus' from sync_map where master_doc_id = 7`.execute(db);
  await sql`update sync_map set tombstone_id = (select id from tombstones) where master_doc_id = 7`.execute(db);
  await sql`insert into logs (level, message) values ('info', 'left out')`.execute(db);
  await sql`insert into sync_runs (triggered_by, kind, finished_at, outcome) values ('manual', 'cycle', now(), 'ok')`.execute(
    db,
  );
}

describe('a backup', () => {
  it('brings every value back exactly, without logs and runs, and ids go on behind it', async () => {
    const before = await contentOf(controller.database.url);
    const target = await createTestDatabase();
    await restore({ database: target, key: controller.key }, file, { force: false, moved: true });
    const after = await contentOf(target.url);
    for (const [name, rows] of Object.entries(before)) if (name !== 'sync_map') expect(after[name], name).toEqual(rows);
    const rows = await sql<{
      same: boolean;
    }>`select bool_and(error_msg = ${'a\u2028b\\n"c"\n\t[1,2]'} and plan->'a'->>2 = 'ü'
      and applied = 'null'::jsonb and last_synced = '2026-02-03 04:05:06.789012+00') and count(*) = 1203 as same
      from sync_map`.execute(target.db);
    expect(rows.rows[0]?.same).toBe(true);
    const left = await sql<{
      n: number;
    }>`select (select count(*) from logs) + (select count(*) from sync_runs) as n`.execute(target.db);
    expect(left.rows[0]?.n).toBe(0);
    const next = await target.db
      .insertInto('sync_map')
      .values({ replica_id: (await controller.replica('attic')).id, master_doc_id: 99_999 })
      .returning(['id', 'dirty_seq'])
      .executeTakeFirstOrThrow();
    expect(next.id).toBeGreaterThan(1203);
    expect(next.dirty_seq).toBeGreaterThan(1203);
    await target.drop();
  });

  it('keeps tokens encrypted and is for its owner alone', async () => {
    const { mode } = await stat(file);
    expect(mode & 0o777).toBe(0o600);
    const text = gunzipSync(await readFile(file)).toString();
    expect(text).not.toContain(NOWHERE.token);
    expect(text).toContain('gAAAAA');
  });

  it('that is cut off, damaged or no backup at all is refused by name, and nothing is changed', async () => {
    const { database } = controller;
    const before = await contentOf(database.url);
    const path = (name: string) => join(dir.path, name);
    await writeFile(path('cut.gz'), await readFile(file));
    await truncate(path('cut.gz'), 4000);
    await writeFile(path('text.gz'), 'no backup');
    await rewritten(file, path('short.gz'), (text) => text.slice(0, text.lastIndexOf('{"end"')));
    await rewritten(file, path('changed.gz'), (text) => text.replace('"1004"', '"1005"'));
    await rewritten(file, path('rows.gz'), (text) => text.replace(/\n\["7"[^\n]*/, ''));
    await rewritten(file, path('other.gz'), () => '{"format":"another"}\n');
    await rewritten(file, path('empty.gz'), () => '');
    const words: Record<string, RegExp> = {
      'cut.gz': /cut off/,
      'short.gz': /cut off/,
      'text.gz': /no backup/,
      'changed.gz': /damaged/,
      'rows.gz': /damaged/,
      'other.gz': /no backup/,
      'empty.gz': /empty/,
      'missing.gz': /cannot be read/,
    };
    for (const [name, message] of Object.entries(words))
      await expect(restore(controller, path(name)), name).rejects.toMatchObject({
        code: 'backup_unreadable',
        message: expect.stringMatching(message) as string,
      });
    expect(await contentOf(database.url)).toEqual(before);
  });

  it('is refused with another key, by an older release, over a set-up database, and while a program works on it', async () => {
    const before = await contentOf(controller.database.url);
    const other = { current: formatFernetKey(Buffer.alloc(32, 7)), old: undefined };
    await expect(restore(controller, file, { keys: other })).rejects.toMatchObject({ code: 'backup_wrong_key' });
    const newer = await rewritten(file, join(dir.path, 'newer.gz'), (text) =>
      text.replace('"2026-11-21-initial"', '"2026-11-21-initial","2999-01-01-later"'),
    );
    await expect(restore(controller, newer)).rejects.toMatchObject({
      code: 'backup_newer',
      message: expect.stringContaining('2999-01-01-later') as string,
    });
    await expect(restore(controller, file, { force: false })).rejects.toMatchObject({ code: 'database_not_empty' });
    const program = openDatabase(controller.database.url, { applicationName: 'pngx-controller worker' });
    await sql`select 1`.execute(program.db);
    await expect(restore(controller, file)).rejects.toMatchObject({
      code: 'database_in_use',
      message: expect.stringContaining('pngx-controller worker') as string,
    });
    await program.close();
    expect(await contentOf(controller.database.url)).toEqual(before);
  });

  it('that is broken off in the middle leaves the old state', async () => {
    const before = await contentOf(controller.database.url);
    // Whole and with a fitting checksum, so that only the database itself can refuse it, after thousands of rows.
    const bad = await rewritten(file, join(dir.path, 'bad.gz'), (text) => {
      const body = text.slice(0, text.lastIndexOf('{"end"')).replace('"surplus"', '"nonsense"');
      const rows = JSON.parse(text.slice(text.lastIndexOf('{"end"'))).rows as number;
      return `${body}${JSON.stringify({ end: true, rows, sha256: createHash('sha256').update(body).digest('hex') })}\n`;
    });
    await expect(restore(controller, bad)).rejects.toThrow(/tombstones_reason_check/);
    expect(await contentOf(controller.database.url)).toEqual(before);
    expect(await countAll(controller.db)).toBeGreaterThan(1203);
  });

  it('is made after a good cycle, at most hourly and only where something changed; the last ones are kept', async () => {
    const folderPath = join(dir.path, 'kept');
    const secrets = createSecretBox({ current: controller.key, old: undefined });
    await controller.db.insertInto('settings').values({ key: 'backup_keep', value: '2' }).execute();
    const tick = (leads = true, everyMs = 0) =>
      backupTick({
        db: controller.db,
        clock: systemClock,
        version: '9.9.9',
        log: controller.log,
        settings: () => loadSettings({ db: controller.db, secrets }),
        dir: folderPath,
        everyMs,
        isLeader: () => Promise.resolve(leads),
      });
    const goodCycle = async () => {
      await controller.database.owner
        .updateTable('backups')
        .set({ made_at: new Date(Date.now() - 600_000) })
        .execute();
      await sql`insert into sync_runs (triggered_by, kind, finished_at, outcome) values ('manual', 'cycle', now(), 'partial')`.execute(
        controller.db,
      );
      await controller.db.updateTable('master_state').set({ last_contact_at: new Date() }).execute();
    };
    expect(await tick(false)).toBeNull();
    expect(await tick()).toBe('made');
    expect(await tick()).toBeNull();
    await goodCycle();
    expect(await tick(true, 3_600_000)).toBeNull();
    expect(await tick()).toBe('unchanged');
    for (const title of ['one', 'two', 'three']) {
      await goodCycle();
      await controller.db.updateTable('sync_map').set({ error_msg: title }).where('master_doc_id', '=', 1).execute();
      expect(await tick()).toBe('made');
    }
    const names = await readdir(folderPath);
    expect(names).toHaveLength(2);
    expect(names.every((name) => /^pngx-.*\.backup\.gz$/.test(name))).toBe(true);
  });

  it('is not needed where the database came back by other means: the marks of a restore can be set alone', async () => {
    await sql`insert into sync_runs (triggered_by, replica_id) select 'manual', min(id) from replicas`.execute(
      controller.db,
    );
    await markPutBack(controller.database.ownerUrl);
    expect((await controller.replica('attic')).reconcile_required).toContain('put back');
    expect((await controller.runs()).every((run) => run.finished_at !== null)).toBe(true);
    const links = await controller.links();
    expect(links.every((link) => link.dirty_seq !== link.applied_seq && link.lease_worker === null)).toBe(true);
    const { rows } = await sql<{
      held: boolean;
    }>`select deletions_from_sweep > sweep_count as held from master_state`.execute(controller.db);
    expect(rows).toEqual([{ held: true }]);
  });
});
