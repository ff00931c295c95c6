/** infra/postgres/roles.sql gives the runtime what the product's statements need, and nothing more (S6). */
import { SLOT_STATEMENTS } from '../../../shared/db/slots.ts';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { migrate, schemaState } from '../../../shared/db/migrate.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { applyRoles, hasPsql, passwordOf, ROLES_FILE, TEST_ROLES } from '../../support/roles.ts';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const FORBIDDEN = { code: '42501' };

interface Grant {
  readonly name: string;
  readonly rights: string;
}

async function query<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const GRANTS = `select c.relname as name, coalesce(string_agg(acl.privilege_type, ', ' order by acl.privilege_type), '') as rights
  from pg_class c left join lateral aclexplode(c.relacl) acl on acl.grantee = to_regrole($2)
  where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') group by c.relname order by c.relname`;

async function grants(url: string, schema: string, role: string = TEST_ROLES.runtime): Promise<Record<string, string>> {
  const rows = await query<Grant>(url, GRANTS, [schema, role]);
  return Object.fromEntries(rows.map(({ name, rights }) => [name, rights]));
}

/** What the statements in docs/sql, and those of the request slots, do to each table of docs/schema.sql. */
async function neededRights(): Promise<Record<string, string>> {
  const tables = [...(await readFile(`${DOCS}schema.sql`, 'utf8')).matchAll(/^create table (\w+)/gm)].map(
    ([, t]) => t!,
  );
  const needed = new Map(tables.map((table) => [table, new Set(['SELECT'])]));
  const files = await readdir(`${DOCS}sql`);
  const texts = await Promise.all(files.map((file) => readFile(`${DOCS}sql/${file}`, 'utf8')));
  for (const raw of [...texts, ...SLOT_STATEMENTS]) {
    const text = raw.replace(/^--.*$/gm, '').replaceAll(/["\s]+/g, ' ');
    for (const statement of text.split(';')) {
      const into = /\binsert into (\w+)/.exec(statement)?.[1] ?? '';
      if (statement.includes(' do update ')) needed.get(into)?.add('UPDATE');
      for (const [, verb = '', table = ''] of statement.matchAll(/\b(insert into|update|delete from) (\w+)/g))
        needed.get(table)?.add(verb.split(' ')[0]!.toUpperCase());
      for (const table of /\banalyze ([\w, ]+)/.exec(statement)?.[1]?.split(/, ?/) ?? [])
        needed.get(table.trim())?.add('MAINTAIN');
    }
  }
  return Object.fromEntries([...needed].map(([table, rights]) => [table, [...rights].sort().join(', ')]));
}

describe('the runtime role', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  test('may do to each table what the statements of the programs do, and nothing else', async () => {
    const { kysely_migration, kysely_migration_lock, ...ours } = await grants(database.ownerUrl, 'public');
    // If this differs: the list in infra/postgres/roles.sql is to follow the statements, and people run the file again.
    expect(ours).toEqual(await neededRights());
    expect([kysely_migration, kysely_migration_lock]).toEqual(['SELECT', 'SELECT']);
  });

  test('works the tables of the queue, but for its list of migrations and the part that is not used', async () => {
    const { migration, ...queue } = await grants(database.ownerUrl, 'bullmq');
    expect(migration).toBe('SELECT');
    for (const [table, rights] of Object.entries(queue))
      expect(rights, table).toBe(table.startsWith('relay_') ? '' : 'DELETE, INSERT, SELECT, UPDATE');
    expect(Object.keys(queue)).toContain('job');
  });

  test('reads where the counters of ids stand, which a backup notes', async () => {
    const [counters] = await query<{ unknown: number; known: number }>(
      database.url,
      `select count(*) filter (where not has_sequence_privilege(c.oid, 'select'))::int as unknown, count(*)::int as known
        from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace`,
    );
    expect(counters).toMatchObject({ unknown: 0 });
    expect(counters?.known).toBeGreaterThan(5);
  });

  test('tells the planner of what it wrote in bulk: a role that may not is only warned, and joins by nested loops', async () => {
    await query(database.url, 'analyze reconcile_rows, run_items, sync_map');
    const looked = await query<{ name: string }>(
      database.url,
      `select relname as name from pg_stat_user_tables where last_analyze is not null order by relname`,
    );
    expect(looked.map(({ name }) => name)).toEqual(['reconcile_rows', 'run_items', 'sync_map']);
  });

  test('changes no schema, deletes no history and empties no table', async () => {
    for (const statement of [
      'create table mine (id int)',
      'create table bullmq.mine (id int)',
      'create schema mine',
      'alter table sync_map add column mine int',
      'drop table sync_map',
      'drop trigger sync_map_open_work on sync_map',
      'truncate logs',
      'delete from sync_map',
      'delete from tombstones',
      'update logs set message = null',
      'select public.pngx_grant_runtime()',
      `update kysely_migration set name = 'x'`,
      'set role pngx_migrator',
    ])
      await expect(query(database.url, statement), statement).rejects.toMatchObject(FORBIDDEN);
  });

  test('reads and writes what a later migration adds, and deletes from it only once the list says so', async () => {
    await sql`create table later (id int generated always as identity, word text)`.execute(database.owner);
    await query(database.url, `insert into later (word) values ('a')`);
    await query(database.url, `update later set word = 'b'`);
    expect(await query(database.url, 'select word from later')).toEqual([{ word: 'b' }]);
    await expect(query(database.url, 'delete from later')).rejects.toMatchObject(FORBIDDEN);
  });
});

describe('roles.sql', () => {
  test('run before there is a table: the migration itself then gives the rights, once and for all processes', async () => {
    const empty = await createEmptyDatabase();
    const prepared = await createTestDatabase();
    await Promise.all([migrate(empty.ownerUrl), migrate(empty.ownerUrl)]);
    expect(await grants(empty.ownerUrl, 'public')).toEqual(await grants(prepared.ownerUrl, 'public'));
    expect(await grants(empty.ownerUrl, 'bullmq')).toEqual(await grants(prepared.ownerUrl, 'bullmq'));
    await empty.drop();
    await prepared.drop();
  });

  test('lets the runtime start on a schema that is up to date, and says "migrate first" of one that is not', async () => {
    const empty = await createEmptyDatabase();
    const failure = {
      code: 'schema_forbidden',
      hint: expect.stringContaining('run "pngx-controller migrate"') as string,
    };
    await expect(migrate(empty.url)).rejects.toMatchObject(failure);
    await migrate(empty.ownerUrl, { queue: false });
    expect(await migrate(empty.url, { queue: false })).toEqual([]);
    // The queue moves to PostgreSQL later on: its tables are missing then.
    await expect(migrate(empty.url, { queue: true, queues: QUEUES })).rejects.toMatchObject(failure);
    await migrate(empty.ownerUrl, { queue: true, queues: QUEUES });
    expect(await migrate(empty.url, { queue: true, queues: QUEUES })).toEqual([]);
    await empty.drop();
  });

  test('refuses a runtime role that could change the schema all the same', async () => {
    const empty = await createEmptyDatabase(false);
    const { runtime, migrator } = TEST_ROLES;
    await expect(applyRoles(empty.adminUrl, { migrator, runtime: 'postgres' })).rejects.toThrow(/may do more than/);
    await expect(applyRoles(empty.adminUrl, { migrator, runtime: migrator })).rejects.toThrow(/have to be two roles/);
    const member = `member_${randomBytes(4).toString('hex')}`;
    await query(empty.adminUrl, `create role ${member} in role ${migrator}`);
    await expect(applyRoles(empty.adminUrl, { migrator, runtime: member })).rejects.toThrow(/is a member of/);
    await query(empty.adminUrl, `drop role ${member}`);
    expect(runtime).toBe('pngx_runtime');
    await empty.drop();
  });
});

/** As on a host where nobody is a superuser: an administrator who may make roles and owns the database. */
describe.skipIf(!hasPsql)('psql -f roles.sql as an administrator who is no superuser', () => {
  const suffix = randomBytes(4).toString('hex');
  const names = { admin: `admin_${suffix}`, migrator: `Mig "${suffix}`, runtime: `run-${suffix}` };
  let empty: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let adminUrl: string;

  const as = (role: string): string => {
    const url = new URL(empty.adminUrl);
    url.username = encodeURIComponent(role);
    url.password = encodeURIComponent(passwordOf(role));
    return url.href;
  };
  const psql = async (): Promise<void> => {
    const variables = {
      migrator: names.migrator,
      runtime: names.runtime,
      migrator_password: passwordOf(names.migrator),
      runtime_password: passwordOf(names.runtime),
    };
    const given = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
    const { stderr } = await promisify(execFile)('psql', [
      ...['-X', '-q', ...given],
      ...['-f', fileURLToPath(ROLES_FILE), adminUrl],
    ]);
    expect(stderr).toBe('');
  };

  beforeAll(async () => {
    empty = await createEmptyDatabase(false);
    const password = pg.escapeLiteral(passwordOf(names.admin));
    await query(empty.adminUrl, `create role ${names.admin} login createrole password ${password}`);
    await query(empty.adminUrl, `alter database ${new URL(empty.adminUrl).pathname.slice(1)} owner to ${names.admin}`);
    adminUrl = as(names.admin);
  });
  afterAll(async () => {
    await empty.drop();
    for (const role of Object.values(names))
      await query(inject('postgresUrl'), `drop role if exists ${pg.escapeIdentifier(role)}`);
  });

  test('takes over an installation that worked with one role, twice with the same result, and leaves the rest alone', async () => {
    await migrate(adminUrl, { queue: true, queues: QUEUES });
    await query(adminUrl, 'create table of_others (id int)');
    await psql();
    await psql();
    const owners = await query<{ owner: string; name: string }>(
      adminUrl,
      `select distinct pg_get_userbyid(relowner) as owner, relname as name from pg_class
        where relnamespace in ('public'::regnamespace, 'bullmq'::regnamespace) and relkind in ('r', 'S')
          and pg_get_userbyid(relowner) <> $1
      union select pg_get_userbyid(proowner), proname from pg_proc
        where pronamespace in ('public'::regnamespace, 'bullmq'::regnamespace) and pg_get_userbyid(proowner) <> $1`,
      [names.migrator],
    );
    expect(owners).toEqual([{ owner: names.admin, name: 'of_others' }]);
    const prepared = await createTestDatabase();
    const quoted = pg.escapeIdentifier(names.runtime);
    const { of_others, ...ours } = await grants(adminUrl, 'public', quoted);
    expect(of_others).toBe('');
    expect(ours).toEqual(await grants(prepared.ownerUrl, 'public'));
    expect(await grants(adminUrl, 'bullmq', quoted)).toEqual(await grants(prepared.ownerUrl, 'bullmq'));
    await prepared.drop();
  });

  test('the migrator goes on from there, and the runtime works with what it adds', async () => {
    const { applied } = await schemaState(as(names.runtime));
    const known = Object.fromEntries(applied.map((name) => [name, { up: () => Promise.resolve() }]));
    const later: Migration = {
      up: (db) =>
        sql`create table later as select 1 as id; alter table sync_map add column later int`
          .execute(db)
          .then(() => undefined),
    };
    const more = { queues: QUEUES, migrations: { ...known, '2999-01-01-later': later } };
    await migrate(as(names.migrator), { queue: true, ...more });
    expect(await query(as(names.runtime), 'select id from later')).toEqual([{ id: 1 }]);
    expect(await migrate(as(names.runtime), { queue: true, ...more })).toEqual([]);
  });
});
